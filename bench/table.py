"""Print what was measured: one table a claim, and what was asked of it."""

from typing import Any

from bench.claims import PROVEN, Claim

HEAD = (
    f"{'instance':<28}{'solver':<13}{'objective':>18}{'bound':>18}{'gap':>10}{'wall s':>9}"
    f"{'CPU s':>9}{'MB':>8}  {'at least':<34}{'aim':<34}"
)


def lines(claim: Claim, told: list[dict[str, Any]]) -> list[str]:
    """Lay out one claim's table.

    Parameters
    ----------
    told
        One entry for each instance and solver, as `runner.measure` gives them.
    """
    out = ["", f"{claim.name}: {claim.about}"]
    if claim.asked:
        out.append(claim.asked)
    if not told:
        return [*out, claim.absent or "Nothing was run."]
    out += [HEAD, "-" * len(HEAD)]
    last = ""
    for one in told:
        out.append(_line(one, one["instance"] if one["instance"] != last else ""))
        last = one["instance"]
    return out + summary(told)


def summary(told: list[dict[str, Any]]) -> list[str]:
    """Count, for published instances, how many optima each solver found and proved, and how soon.

    Parameters
    ----------
    told
        As for `lines`.
    """
    published = [one for one in told if one["known"] is not None]
    out = []
    for solver in dict.fromkeys(one["solver"] for one in published):
        mine = [one for one in published if one["solver"] == solver]
        found = [one for one in mine if is_best(one)]
        proven = [one for one in mine if one["gap"] is not None and one["gap"] <= PROVEN]
        found_s = sum(one["found_s"] or one["wall_s"] for one in found)
        wall_s = sum(one["wall_s"] or 0.0 for one in mine)
        cpu_s = sum(one["cpu_s"] or 0.0 for one in mine)
        out.append(
            f"{solver}: best known value {len(found)} of {len(mine)}, after {found_s:.1f} s in "
            f"all; proven {len(proven)}; {wall_s:.1f} s in all, {cpu_s:.1f} s of CPU"
        )
    return ["", *out] if out else out


def is_best(one: dict[str, Any]) -> bool:
    """Tell whether the best known value was found, or beaten."""
    value = one["objective"]
    return value is not None and value <= one["known"] * (1 + PROVEN)


def _line(one: dict[str, Any], instance: str) -> str:
    """Lay out one solver's row."""
    head = f"{instance:<28}{one['solver']:<13}"
    if one["objective"] is None:
        said = ": ".join(filter(None, (one["status"], one["note"])))
        spent = f"{_number(one['wall_s'], '9.2f')}{_number(one['cpu_s'], '9.2f')}"
        return f"{head}{said:<46}{spent}{_number(one['peak_mb'], '8,.0f')}".rstrip()
    gap = "none"
    if one["gap"] is not None:
        gap = f"{one['gap']:.4%}" if one["gap"] < 1 else f"{one['gap']:.0%}"
    return (
        f"{head}{one['objective']:>18,.2f}{_number(one['bound'], '18,.2f')}{gap:>10}"
        f"{_number(one['wall_s'], '9.2f')}{_number(one['cpu_s'], '9.2f')}"
        f"{_number(one['peak_mb'], '8,.0f')}  {_goal(one['asked']):<34}{_goal(one['aim']):<34}"
        f"{one['note']}"
    ).rstrip()


def _goal(goal: dict[str, Any] | None) -> str:
    """Say a goal and when it was reached: `0.10 % in 3 s: 1.2 s`."""
    if goal is None:
        return ""
    said = f"{goal['gap']:.3%}" if goal["gap"] else "proven"
    said += f" in {goal['seconds']:g} s" if goal["seconds"] else ""
    reached = "no" if goal["reached_s"] is None else f"{goal['reached_s']:.2f} s"
    return f"{said}: {reached}{'' if goal['is_met'] or reached == 'no' else ' (late)'}"


def _number(value: float | None, form: str) -> str:
    """Write a number, or blanks of its width."""
    width = int(form.split(".")[0].strip(","))
    return format(value, form) if value is not None else " " * width
