"""What the station keeps outside the book: which truck was sent for a pick-up."""

from django.db import models

from ainalym.web.programme.models import Pickup


class Truck(models.Model):
    """A truck that was sent; a pick-up that was answered without one was declined.

    What it loads is told to the book under the pick-up's own name, so that it is told once.
    """

    pickup = models.OneToOneField(Pickup, models.CASCADE, primary_key=True, related_name="truck")
    plate = models.CharField(max_length=20)
    sent_ms = models.BigIntegerField()
