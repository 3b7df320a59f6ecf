"""The doors for programs: JSON over HTTP under `/api/v1/`, described by `openapi.json` there.

    door       who comes in, how errors are told, what the description says
    rights     which sites a person sees, and which deeds they may tell
    shapes     what goes in and out
    telling    deeds, told together and recorded once
    asking     stock, lots, entries, periods, forms, prices
    weighings  what a scale exports as CSV, as tickets
    epcis      the capture and query interfaces of EPCIS 2.0, as far as we hold them
    exports    the whole book: a journal, tables

What people see on pages and what programs see here is the same book, under the same rules.
"""
