"""The programme's site: one room for each kind of person's work.

A room is a package here with a `urls.py`; it is found by being there, and nothing has to be
registered. Rooms never import each other, but for `api`: it is the machines' way to what a person
does in any room, and holds them to that room's own rules. What two rooms need is on the ground
floor:

    settings   how the site runs, safe by default       serve      starts it
    people     persons, duties, sign-in, `only(...)`    programme  sites, materials, prices, scales
    book       `the_book()`, the one open ledger        refusals   errors as sentences, statuses
    catalogue  translations                             guard      headers, limits
    loads      what stations and plants both do         simulation a made-up programme that tries it

    counter    keeper           /counter/<site>/        audit       auditor      /audit/
    station    shift leader     /station/<site>/        department  department   /department/
    plant      plant's buyer    /plant/<site>/          api         machines     /api/

In a room `x`:

    __init__.py       what the room is for
    urls.py           `app_name = "x"`; its first page is called `home`; rooms of a site take
                      `<str:site>` as their first argument
    views.py          `@only(Role.LEADER)` before each view; with `site` in its address the view is
                      handed the `Site`, and another's site is a 404
    templates/x/      extend `ainalym/page.html`; no script and no style inside a page
    static/x/         scripts as modules, pictures
    locale/ru.po, locale/kk.po      all its strings; msgids are English
    sentences.py      `SENTENCES`: patterns of the book's refusals, in words that are translated
    models.py, migrations/          what the room keeps outside the book, if anything
    tests/web/x/      its tests

What happened goes into the book through `the_book()`; who, where and at what price things may
happen is kept by `people` and `programme` in the site's own tables.
"""
