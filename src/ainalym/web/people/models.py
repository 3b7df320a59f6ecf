"""Persons, what they do where, and the trail of who came in."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from ainalym.web.programme.models import Site


class Role(models.TextChoices):
    """What a person may do; each has a room of its own."""

    KEEPER = "keeper", _("Keeper")
    LEADER = "leader", _("Shift leader")
    BUYER = "buyer", _("Plant buyer")
    AUDITOR = "auditor", _("Auditor")
    DEPARTMENT = "department", _("Department")


ROOMS = {
    Role.KEEPER: ("counter",),
    Role.LEADER: ("station",),
    Role.BUYER: ("plant",),
    Role.AUDITOR: ("audit",),
    Role.DEPARTMENT: ("department", "office"),
}
"""The rooms where each role works."""


class Person(AbstractBaseUser):
    """Somebody who signs in; what they may do is told by their duties."""

    name = models.CharField(max_length=60, unique=True)
    language = models.CharField(max_length=2, blank=True)
    is_active = models.BooleanField(default=True)
    must_change = models.BooleanField(default=False, help_text="The password was made by others.")

    objects = BaseUserManager()

    USERNAME_FIELD = "name"

    def __str__(self) -> str:
        duty = self.duties.select_related("site").first()
        return f"{duty} ({self.name})" if duty else self.name


class Duty(models.Model):
    """A person's role at a site; at none where the role is for the whole programme."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="duties")
    role = models.CharField(max_length=20, choices=Role)
    site = models.ForeignKey(Site, models.CASCADE, null=True)

    class Meta:
        """A duty is given once."""

        ordering = ("id",)
        constraints = (
            models.UniqueConstraint("person", "role", "site", name="duty_once"),
            models.UniqueConstraint(
                "person", "role", condition=models.Q(site=None), name="duty_once_everywhere"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_role_display()}, {self.site}" if self.site else self.get_role_display()

    @property
    def rooms(self) -> tuple[str, ...]:
        """The rooms where it is done."""
        return ROOMS[Role(self.role)]


class Token(models.Model):
    """What a program of somebody's signs in with; we keep only its digest."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60, help_text="What it is for.")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the secret, hex.")
    made_ms = models.BigIntegerField()
    ends_ms = models.BigIntegerField(help_text="From when on it lets nobody in.")
    used_ms = models.BigIntegerField(null=True, help_text="When it was last used, to the hour.")

    class Meta:
        """The newest comes first."""

        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name


class Trail(models.Model):
    """Who did what to accounts and duties, and who came in or tried to; only ever added to."""

    at_ms = models.BigIntegerField()
    name = models.CharField(max_length=60)
    act = models.CharField(max_length=30)
    about = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=60, blank=True)

    class Meta:
        """The newest comes first; tries of one name are counted at each sign-in."""

        ordering = ("-id",)
        indexes = (models.Index(fields=("name", "at_ms"), name="trail_of_name"),)
