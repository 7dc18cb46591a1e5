"""The watch that every end-to-end test keeps on what bridges log."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from processes import Process, secrets_in

ENV = {"WITHINGS_WEBHOOK_SECRET": "hook-one,hook-two", "PORT": "5001"}


class TestSecretsIn:
    @pytest.mark.parametrize(
        "line",
        [
            "token=" + "0a" * 20,
            Fernet(Fernet.generate_key()).encrypt(b"refresh").decode(),
            "state=Xk3_9f-Qw7Zr5Tn1Lm8Vb2Hs6Jd4Gc0Pa_yE-uRiO1x&x=1",
            "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyIn0.c2ln",
            "GET /webhook/withings?secret=hook-two",
        ],
        ids=["token", "encrypted", "state", "JWT", "webhook"],
    )
    def test_are_found_by_their_shape_or_as_those_of_the_environment(self, line: str) -> None:
        assert secrets_in(f"before\n{line}\nafter", ENV) == [line]

    def test_are_not_found_where_there_are_none(self) -> None:
        text = (
            "request_id=0af7651916cd43dd8448eb211c80319c user=0f9d3c1e-7a55-4a0e-9a55-2d1f8b6c7e21 port=5001"
        )
        assert secrets_in(text, ENV) == []


class TestProcess:
    def test_tells_of_each_leak_once(self, tmp_path: Path) -> None:
        process = Process("serve", env=ENV, folder=tmp_path, url="")
        log = tmp_path / "serve.log"
        assert process.unseen_leaks() == []
        log.write_text("hook-one\n")
        assert process.unseen_leaks() == ["serve.log: hook-one"]
        log.write_text("hook-one\nfine\nhook-two\n")
        assert process.unseen_leaks() == ["serve.log: hook-two"]
