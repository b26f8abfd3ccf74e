from soak.histories import histories


def test_histories_are_run_by_their_command_and_counted(capsys):
    histories(0, seed=1)

    assert "0 histories, 0 windows, 0 of them proved" in capsys.readouterr().out
