"""The page on which a run is watched: `sim view`.

    snapshot.py     the talks at the end of one week, as plain frozen data
    watch.py        one run of the Mesa model, played on, gone back over, and what it showed
    board/          from snapshots to HTML and SVG, pure functions
    disk_cache.py   compositions and the empty page, kept on disk between starts
    choices.py      what a visitor has set: address, overrides, settings; what a link may set
    controls.py     the controls of the page: label, value, range, what waits for Reset
    stored.py       a sweep's folder: cells, runs, and the replay of any of them
    session.py      one visitor: a run, choices, messages
    page/           the Solara page: components and their Vue templates
    http_guard.py   what stands before Solara: the empty page at once, other sites' pages never
    server.py       the server, on loopback unless told otherwise

Mesa's own page, SolaraViz, is not used: it cannot go back, loses the page when a rule raises, and
takes longer to import than this page takes to open. What is watched is the Mesa model all the
same, stepped week by week.
"""
