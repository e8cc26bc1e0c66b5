"""Shows an operator what was found: the worst first."""

from rich.console import Console
from rich.text import Text

from ops.doctor.findings import Finding, Severity
from ops.doctor.looking import Examination

COLOURS = {Severity.WRONG: "bold red", Severity.SOON: "yellow", Severity.NOTE: "dim"}
WIDTH = 6


def show(console: Console, examination: Examination) -> None:
    """Print all of it, and one line that says how it stands."""
    for finding in examination.findings:
        console.print(_line(finding))
    console.print(_verdict(examination))


def _line(finding: Finding) -> Text:
    severity = finding.severity
    text = Text.assemble(
        (f"{severity.value:<{WIDTH}}", COLOURS[severity]), f"{finding.part}: {finding.sentence}"
    )
    if finding.action:
        text.append(
            f"\n{'':{WIDTH}}-> {finding.action}", style="dim" if severity is Severity.NOTE else "cyan"
        )
    return text


def _verdict(examination: Examination) -> Text:
    count = {each: sum(one.severity is each for one in examination.findings) for each in Severity}
    looked = f"{len(examination.looked_at)} parts looked at"
    if count[Severity.WRONG]:
        return Text(f"{count[Severity.WRONG]} things are wrong; {looked}.", style="bold red")
    later = f", {count[Severity.SOON]} will be wrong soon" if count[Severity.SOON] else ""
    return Text(f"Healthy: nothing is wrong{later}; {looked}.", style="bold green")
