"""The story: read a city, measure its ways, plan, report, and answer questions.

Rooms with heavy engines are entered only when the story gets there, so that checking a city does
not wait for a solver to load.
"""

from ainalym.study.certificates import (
    Certified,
    CertifiedPlan,
    check_certificate,
    check_plan,
)
from ainalym.study.cities import check_city, city_from_osm, copy_city, examples, find_city
from ainalym.study.plans import Study, plan_city, read_study, report_again
from ainalym.study.questions import Explained, explain
from ainalym.study.watch import Silent

__all__ = [
    "Certified",
    "CertifiedPlan",
    "Explained",
    "Silent",
    "Study",
    "check_certificate",
    "check_city",
    "check_plan",
    "city_from_osm",
    "copy_city",
    "examples",
    "explain",
    "find_city",
    "plan_city",
    "read_study",
    "report_again",
]
