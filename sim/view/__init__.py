"""The page on which a run is watched: `sim view`.

    watch.py        one run of the Mesa model, and each of its weeks as plain frozen data
    board/          from snapshots to HTML and SVG: functions, and a template with a macro a panel
    choices.py      what a visitor has set; compositions and the empty page, kept on disk
    controls.py     the controls of the page: label, value, range, what waits for Reset
    stored.py       a sweep's folder: cells, runs, and the replay of any of them
    session.py      one visitor: a run, choices, messages
    page/           the Solara page: components and their Vue templates
    server.py       the server, on loopback unless told otherwise; its guard sends the empty page
                    at once, and other sites' pages never

Mesa's own page, SolaraViz, is not used: it cannot go back, loses the page when a rule raises, and
takes longer to import than this page takes to open. What is watched is the Mesa model all the
same, stepped week by week.
"""
