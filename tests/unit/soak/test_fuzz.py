from demo.local_aws import PROJECT
from soak.fuzz import fuzz_files


def test_laws_of_notifications_keys_log_files_rows_and_digests_are_found():
    names = (
        *("deliveries/test_notifications", "deliveries/test_keys", "logfile/test_selection_fuzz"),
        *("rows/test_row_round_trip", "digests/test_digest"),
    )

    assert {f"tests/unit/{name}.py" for name in names} <= set(fuzz_files())
    assert all((PROJECT / name).is_file() for name in fuzz_files())
