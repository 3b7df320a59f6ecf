"""The phone's own words: the same sentences as the server's, for when there is no network."""

from django.utils.translation import gettext_lazy as _

WORDS = {
    "kg": _("kg"),
    "number": _("%(what)s: “%(text)s” is not a number. Write it like 12,4."),
    "decimals": _("%(what)s: “%(text)s” has too many decimals. At most %(places)s are possible."),
    "gross": _("On the scale"),
    "tare": _("Empty vessel"),
    "off": _("Taken off"),
    "price": _("Price"),
    "choose": _("Choose what was brought."),
    "vessel": _("The empty vessel weighs %(tare)s kg, and the scale shows %(gross)s kg with it."),
    "nothing": _("What is taken off leaves nothing to pay for."),
    "heavy": _("%(gross)s kg is more than scale %(scale)s can weigh (%(most)s kg). Grams?"),
    "really": _("Is it really %(net)s kg? Weights are in kilograms, not in grams."),
    "expired": _("The verification of scale %(scale)s ended on %(day)s. Weigh on another scale."),
    "noscale": _("This scale does not belong to this counter."),
    "why": _("The list says %(listed)s for a kilogram, not %(price)s. Give a reason."),
    "consent": _("A seller's name is kept only if the seller agrees. Remove it, or ask."),
    "first": _("This phone has to be online once before it can number slips."),
    "sending": _("Sending…"),
    "offline": _("No connection. Waiting to be sent: %(count)s. Nothing is lost."),
    "signin": _("Sign in to send what waits on this phone: %(count)s."),
    "other": _("Waits for another keeper to sign in: %(count)s."),
    "refusedline": _("Refused, look below: %(count)s."),
    "allsent": _("Everything is sent."),
    "waiting": _("waiting"),
    "sent": _("sent"),
    "refused": _("refused"),
    "renumbered": _("This slip has a new number. Print it again."),
    "sum": _("%(net)s kg × %(price)s = %(sum)s"),
    "prompt": _("Choose a material and type what the scale shows."),
}
"""What the page's scripts say, by the name they know it under."""
