"""The page on which a run is watched: `sim view`.

    watch.py        one run of the Mesa model, played on, gone back over, and what it showed
    snapshot.py     the talks at the end of one week, as plain frozen data
    board/          from snapshots to HTML and SVG, one panel a file, pure functions
    choices.py      what a visitor has set, and the settings that follow from it
    address.py      the same in the page's address; what a link may set and what not
    controls.py     the controls of the page: label, value, range, what waits for Reset
    stored.py       a sweep's folder: cells, runs, and the replay of any of them
    why.py          why a run ended as it did
    session.py      one visitor: a run, choices, messages
    page/           the Solara page: components and their Vue templates
    server.py       the server, on loopback unless told otherwise
    gate.py         what stands before Solara: the empty page at once, other sites' pages never
    first_page.py   the empty page and its scripts
    kept.py         compositions kept on disk

Mesa's own page, SolaraViz, is not used: it cannot go back, loses the page when a rule raises, and
takes longer to import than this page takes to open. What is watched is the Mesa model all the
same, stepped week by week.
"""
