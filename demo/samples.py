"""`make samples`: writes the demo's log files to a folder, for `aitrail … --from samples` without AWS."""

import io
import shutil
import sys
from contextlib import redirect_stderr
from datetime import UTC, datetime
from pathlib import Path

from aitrail.cli.group import cli
from demo.sample_logs import ACCOUNTS, Fate, sample_logs

FOLDER = "samples"
# Names for the teams and networks of the sample log files, and where it is written below the folder.
CONFIGURATION = Path(__file__).parent / "sample_config.toml"
CONFIGURATION_NAME = "aitrail.toml"
REPORT = "report.html"


def write_samples(folder: Path, now: datetime) -> int:
    """Writes the sample log files of the five weeks before `now` (aware) to `folder`; returns their number.

    Earlier sample files are removed, and a configuration file is added. Files that the pipeline would not ingest are
    left out, as they contain no calls.
    """
    for account in ACCOUNTS:
        shutil.rmtree(folder / "AWSLogs" / account, ignore_errors=True)
    files = [file for file in sample_logs(now).files if file.fate is Fate.INGESTED]
    for file in files:
        path = folder / file.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.body)
    shutil.copyfile(CONFIGURATION, folder / CONFIGURATION_NAME)
    return len(files)


def write_report(folder: Path) -> Path:
    """Writes the page of `aitrail report` about the sample log files in a folder; returns its absolute path."""
    page = folder / REPORT
    arguments = ["report", "--from", str(folder / "AWSLogs"), "--since", "7d", "-o", str(page), "--force"]
    with redirect_stderr(io.StringIO()):
        cli.main(arguments, prog_name="aitrail", standalone_mode=False)
    return page.resolve()


def main() -> None:
    """Writes the log files to the folder `samples` in the current directory, and shows commands to try."""
    count = write_samples(Path(FOLDER), datetime.now(UTC))
    sys.stdout.write(
        f"{count} invented log files of the last five weeks are in the folder {FOLDER}. Query them without AWS:\n\n"
        f"    .venv/bin/aitrail usage --from {FOLDER} --by service --by outcome\n"
        f"    .venv/bin/aitrail who bot/K3X9QW7T2P --from {FOLDER}\n"
        f"    .venv/bin/aitrail --config {FOLDER}/{CONFIGURATION_NAME} usage --from {FOLDER} --by team --cost\n"
        f"\nA report of their last week, to open in a browser:\n\n    {write_report(Path(FOLDER))}\n"
    )


if __name__ == "__main__":
    main()
