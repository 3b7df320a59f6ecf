"""The plant: the buyer offers, takes delivery by grade, and gets a certificate of what was bought.

Offers and loads are in `loads`; what was bought is in the book alone.
"""
