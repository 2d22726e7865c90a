"""The Solara page: components, each a function here and a Vue template beside it."""
