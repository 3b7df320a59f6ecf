"""What every command shares: how it ends, how it shows that it works, how it says what it found."""

import json
import os
import select
import shutil
import signal
import socket
import sys
import threading
import time
from math import isfinite
from pathlib import Path
from types import TracebackType

import click

from ainalym.errors import AinalymError, BrokenLaw, InputError, Issue
from ainalym.units import KG_PER_T, MINOR_PER_MAJOR, say_mass, say_money, say_share

MACHINE = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
QUIET = click.option("--quiet", is_flag=True, help="Print nothing but faults.")

LINE_EVERY_S = 5.0
REDRAW_EVERY_S = 0.5
CLOSED = 1e-6
"""A gap that only rounding leaves."""

INTERRUPTED, PIPE_CLOSED, WRONG = 130, 141, 70


class Door:
    """Ends a command: one exit code for each way to fail, sentences instead of traces."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._old_handler: object = None

    def __enter__(self) -> None:
        # Whoever ends us politely (`kill`, `timeout`, a scheduler) gets the best plan so far too.
        if threading.current_thread() is threading.main_thread():
            self._old_handler = signal.signal(signal.SIGTERM, signal.default_int_handler)

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._old_handler is not None:
            signal.signal(signal.SIGTERM, self._old_handler)
        match error:
            case None | SystemExit():
                return
            case InputError():
                code, issues = error.exit_code, error.issues
            case AinalymError():
                code, issues = error.exit_code, (Issue("ainalym", str(error)),)
            case click.ClickException():
                code, issues = 2, (_usage(error),)
            case KeyboardInterrupt() | click.Abort():
                code, issues = INTERRUPTED, (Issue("ainalym", "interrupted, nothing is written"),)
            case OSError() | MemoryError():
                code, issues = 3, (Issue("ainalym", f"the computer refused: {error!r}"),)
            case _:
                code, issues = WRONG, (_wrong(error, trace),)
        self._tell(issues, code)
        sys.exit(code)

    def _tell(self, issues: tuple[Issue, ...], code: int) -> None:
        if self.as_json:
            listed = [{"where": i.where, "fault": i.fault, "mend": i.mend} for i in issues]
            click.echo(json.dumps({"exit_code": code, "issues": listed}), err=True)
        else:
            click.echo("\n".join(str(issue) for issue in issues), err=True)


def _usage(error: click.ClickException) -> Issue:
    path = "ainalym"
    if isinstance(error, click.UsageError) and error.ctx is not None:
        path = error.ctx.command_path
    return Issue(path, error.format_message().rstrip("."), f"see `{path} --help`")


def _wrong(error: BaseException, trace: TracebackType | None) -> Issue:
    """Say that the fault is ours, and where; the whole trace is shown when asked for."""
    if os.environ.get("AINALYM_TRACE"):
        raise error
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if trace is not None:
        place = f", in {Path(trace.tb_frame.f_code.co_filename).name} line {trace.tb_lineno}"
    said = str(error) if isinstance(error, BrokenLaw) else repr(error)
    mend = "please report it; AINALYM_TRACE=1 shows where it came from"
    return Issue("ainalym", f"this is a fault of ainalym, not yours: {said}{place}", mend)


class Ear:
    """Hears whether somebody asked to stop, also when a solver swallowed the request."""

    def __init__(self) -> None:
        self._heard = False
        self._ends: tuple[socket.socket, socket.socket] | None = None
        self._old = -1

    def __enter__(self) -> "Ear":
        if threading.current_thread() is threading.main_thread():
            self._ends = socket.socketpair()
            for end in self._ends:
                end.setblocking(False)
            self._old = signal.set_wakeup_fd(self._ends[1].fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        if self._ends is not None:
            signal.set_wakeup_fd(self._old)
            for end in self._ends:
                end.close()
            self._ends = None

    def has_heard(self) -> bool:
        """Tell whether an interrupt or a polite end was asked for since it listens."""
        if self._ends is not None and select.select([self._ends[0]], [], [], 0)[0]:
            self._heard |= bool({signal.SIGINT, signal.SIGTERM} & {*self._ends[0].recv(4096)})
        return self._heard


class Ticker:
    """Shows on stderr that something is going on: one line that changes, or one every 5 s."""

    def __init__(self, *, quiet: bool) -> None:
        self._ear = Ear()
        self._quiet = quiet
        self._redraws = sys.stderr.isatty()
        self._said = ""
        self._scale, self._unit = 1.0, ""
        self._state: tuple[float, float] | None = None
        self._began_s = time.monotonic()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Ticker":
        self._ear.__enter__()
        if not self._quiet:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ear.__exit__()
        self._done.set()
        if not self._quiet:
            self._thread.join()
            if self._redraws:
                click.echo("\r\033[K", nl=False, err=True)

    def meet(self, scale: float, unit: str) -> None:
        """Learn in which unit the objective is said, and how many of the plan's own make one."""
        self._scale, self._unit = scale, unit

    def step(self, said: str) -> None:
        """Say what is being done now."""
        self._said, self._state = said, None
        if not self._quiet and not self._redraws:
            click.echo(self._line(), err=True)

    def note(self, said: str, share: float) -> None:
        """Hear which part of a step is done; it is shown with the next line."""
        self._said = f"{said} {share:.0%}"

    def progress(self, seconds_s: float, objective: float, bound: float) -> None:
        """Hear how far the search is; it is shown with the next line.

        Raises
        ------
        KeyboardInterrupt
            Somebody asked to stop, and only the solver of that moment did.
        """
        self._state = (objective, bound)
        if self.is_interrupted:
            raise KeyboardInterrupt

    @property
    def is_interrupted(self) -> bool:
        """Whether somebody asked to stop since it began."""
        return self._ear.has_heard()

    def _run(self) -> None:
        while not self._done.wait(REDRAW_EVERY_S if self._redraws else LINE_EVERY_S):
            if self._said and self._redraws:
                width = shutil.get_terminal_size().columns - 1
                click.echo("\r\033[K" + self._line()[:width], nl=False, err=True)
            elif self._said:
                click.echo(self._line(), err=True)

    def _line(self) -> str:
        line = f"{time.monotonic() - self._began_s:5.0f} s  {self._said}"
        if self._state is None:
            return line
        objective, bound = (value / self._scale for value in self._state)
        if isfinite(objective):
            line += f"  objective {say_worth(objective, self._unit)}"
        if isfinite(bound):
            line += f"  bound {say_worth(bound, self._unit)}"
        gap = abs(bound - objective) / max(abs(objective), 1e-12)
        return line + (f"  gap {say_gap(gap)}" if isfinite(gap) else "")


def say_result(told: dict, said: str, *, as_json: bool, quiet: bool = False) -> int:
    """Put out what a command found, as JSON or in words, and give the exit code of success.

    Parameters
    ----------
    told
        For machines.
    said
        For people.
    as_json
        Which of the two.
    quiet
        Whether people want to read it.
    """
    try:
        if as_json:
            click.echo(json.dumps(told, ensure_ascii=False))
        elif not quiet and said:
            click.echo(said)
    except BrokenPipeError:
        # Whoever reads, such as `head`, has left; Python would complain again when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return 0


def say_worth(value: float, unit: str) -> str:
    """Say an objective: tonnes, tonnes of carbon dioxide equivalent, or money of a currency."""
    if unit == "t":
        return say_mass(value * KG_PER_T)
    if unit == "t CO2e":
        return f"{value:,.0f} {unit}"
    return say_money(value * MINOR_PER_MAJOR, unit)


def say_gap(gap: float) -> str:
    """Say a gap in percent; what is closed but for rounding is closed."""
    return "0%" if gap <= CLOSED else say_share(gap)


def say_none(told: dict) -> str:
    """Say why there is no plan.

    Parameters
    ----------
    told
        The summary of an outcome without a plan.
    """
    if told["clash"]:
        rules = "".join(f"\n  {rule}" for rule in told["clash"])
        return f"There is no plan: these rules cannot hold together.{rules}"
    notes = "".join(f"\nnote: {note}" for note in told["notes"])
    return f"No plan was found before the search ended (give a longer --limit).{notes}"


def say_plan(told: dict) -> str:
    """Say in a few lines what a plan is, or why there is none.

    Parameters
    ----------
    told
        The summary of the plan.
    """
    if "points" not in told:
        return say_none(told)
    currency, stages_t = told["currency"], told["stages_t"]
    stages = ", ".join(f"{stage} {mass:,.0f} t" for stage, mass in stages_t.items())
    lines = [
        say_proof(told),
        f"open: {told['points']} points; stations: {', '.join(told['stations']) or 'none'}",
        f"invested: {say_worth(-told['money']['investment'], currency)} "
        f"of {say_worth(told['budget'], currency)}",
        f"over {told['years']} years: {stages}",
        *(f"note: {note}" for note in told["notes"]),
    ]
    return "\n".join(lines)


def say_proof(told: dict) -> str:
    """Say what a plan is worth, and how much better any plan could be.

    Parameters
    ----------
    told
        The summary of the plan.
    """
    best = "not proved"
    if told["bound"] is not None:
        side = "at most" if told["sense"] == "max" else "at least"
        best = f"{side} {say_worth(told['bound'], told['unit'])}"
    gap = "unknown" if told["gap"] is None else say_gap(told["gap"])
    return (
        f"{told['status']}: {told['goal']} {say_worth(told['objective'], told['unit'])}; "
        f"the best possible is {best} (gap {gap}); {told['seconds_s']:.0f} s"
    )


def say_certified(told: dict) -> str:
    """Say what a certificate proves of a plan.

    Parameters
    ----------
    told
        The attributes of `CertifiedPlan`, and its gap.
    """
    reached, limit = (say_worth(told[name], told["unit"]) for name in ("objective", "bound"))
    more = "more" if told["sense"] == "max" else "less"
    parts = "one part" if told["parts"] == 1 else f"{told['parts']:,} parts"
    said = (
        f"The certificate holds: the plan has {told['goal']} {reached}, recounted, and no plan "
        f"can have {more} than {limit} (gap {say_gap(told['gap'])}), proven in {parts} without a "
        "solver."
    )
    better = (
        told["bound"] - told["stated"] if told["sense"] == "max" else told["stated"] - told["bound"]
    )
    if better > 1e-4 * abs(told["objective"]):
        stated = say_worth(told["stated"], told["unit"])
        said += f" The search itself came to {stated}; what lies between is not in the certificate."
    return said


def say_explained(told: dict) -> str:
    """Say in sentences what was asked about a plan, and what the answers are.

    Parameters
    ----------
    told
        The summary of the answers.
    """
    plan = told["plan"]
    if "points" not in plan:
        return say_none(plan)
    lines = [say_proof(plan)]
    for one in told["sites"]:
        name = f"{one['site']} ({one['name']})" if one["name"] else one["site"]
        here, does = ("open", "Closing") if one["is_open"] else ("not open", "Opening")
        lines.append(f"{name} is {here} in the plan. {does} it {_effect(one, plan)}")
    if "money" in told:
        more = say_worth(told["money"]["more"], plan["currency"])
        lines.append(f"{more} more to invest {_effect(told['money'], plan)}")
    if "alternatives" in told:
        lines += _say_alternatives(told["alternatives"], plan)
    if told["unanswered"]:
        lines.append(f"interrupted; not answered: {', '.join(told['unanswered'])}")
    return "\n".join([*lines, *_bettered(told)])


def _say_alternatives(told: dict, plan: dict) -> list[str]:
    within = f"within {100 * told['within']:.3g} % of the plan"
    lines = [f"Other stations {within}:"] if told["found"] else []
    for k, one in enumerate(told["found"], 1):
        lines.append(f"  {k}. {', '.join(one['stations']) or 'none'}: {_effect(one, plan)}")
    choice = f"{'further' if told['found'] else 'other'} choice of stations"
    if told["rest"] is None and told["is_complete"]:
        return [*lines, f"There is no {choice}."]
    side = "more" if plan["sense"] == "max" else "less"
    if told["rest"] is None:
        return [*lines, f"A {choice} may come {within}; nothing is proved of it."]
    limit = f"none reaches {side} than {say_worth(told['rest'], plan['unit'])}"
    if told["is_complete"]:
        return [*lines, f"No {choice} comes {within}: {limit}."]
    return [*lines, f"A {choice} may come {within}; it is proved only that {limit}."]


def _effect(one: dict, plan: dict) -> str:
    """Say what a change does, no surer than the bounds of both plans are."""
    if one["status"] == "infeasible":
        return f"cannot be: these rules would have to hold together: {', '.join(one['clash'])}."
    least, most, unit = one["better_least"], one["better_most"], plan["unit"]
    moves = _moves(one)
    small = CLOSED * max(1.0, abs(plan["objective"]))
    if None not in (least, most) and max(abs(least), abs(most)) <= small:
        return f"changes nothing in the plan's worth{moves}."
    if one["is_told_apart"]:
        is_gain = least is not None and least > 0
        near, far = (least, most) if is_gain else (most, least)
        return f"{'gains' if is_gain else 'costs'} {_between(near, far, plan)}{moves}."
    if most is not None and most <= small:
        far = "an unknown amount" if least is None else say_worth(-least, unit)
        said = f"costs at most {far}"
    elif least is not None and least >= -small:
        far = "an unknown amount" if most is None else say_worth(most, unit)
        said = f"gains at most {far}"
    else:
        worse = "an unknown amount" if least is None else say_worth(-least, unit)
        better = "an unknown amount" if most is None else say_worth(most, unit)
        said = f"costs at most {worse} or gains at most {better}"
    return f"{said}: not told apart from the plan by the proven gap{moves}."


def _between(near: float, far: float | None, plan: dict) -> str:
    """Say an amount that lies between two, with its share of the plan's worth."""
    unit, scale = plan["unit"], max(abs(plan["objective"]), 1e-12)
    low = say_worth(abs(near), unit)
    if far is None:
        return f"at least {low} ({say_share(abs(near) / scale)})"
    high = say_worth(abs(far), unit)
    if low == high:
        return f"{low} ({say_share(abs(near) / scale)})"
    shares = f"{say_share(abs(near) / scale)} to {say_share(abs(far) / scale)}"
    return f"between {low} and {high} ({shares})"


def _moves(one: dict) -> str:
    if one["status"] == "unknown":
        return "; no such plan was found in time"
    said = [f"{word} {', '.join(one[word])}" for word in ("opens", "closes") if one[word]]
    return f"; the best plan found then {' and '.join(said)}" if said else ""


def _bettered(told: dict) -> list[str]:
    """Say when a question turned up a plan that beats the one explained."""
    plan = told["plan"]
    sign = 1 if plan["sense"] == "max" else -1
    narrower = [*told["sites"], *told.get("alternatives", {}).get("found", [])]
    reached = [
        sign * one["objective"]
        for one in narrower
        if one["better_most"] == 0 and one["objective"] is not None
    ]
    best = max(reached, default=sign * plan["objective"])
    if best <= sign * plan["objective"] + CLOSED * abs(plan["objective"]):
        return []
    found = say_worth(sign * best, plan["unit"])
    return [
        f"The plan can be bettered: {found} was found on the way. Plan again with a longer --limit."
    ]
