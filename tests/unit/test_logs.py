"""Logs are configured for a whole process, so each test has a process of its own."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.e2e

PRELUDE = """
import logging, structlog
from withings_bridge import logs
log = structlog.get_logger()
def fails(weight):
    token = "access-0123456789"
    raise ValueError(f"cannot read {weight}")
"""


def logged(program: str, *, code: int = 0, warnings: str = "default") -> str:
    """What a program writes to standard error; nothing may go to standard output."""
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", warnings, "-c", PRELUDE + textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.stdout, ended.returncode) == ("", code), ended.stderr
    return ended.stderr


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


class TestJson:
    def test_a_line_is_an_object_with_level_and_instant(self) -> None:
        (line,) = lines(logged('logs.configure(json=True); log.info("synced", records=3)'))
        assert line["event"] == "synced"
        assert line["records"] == 3
        assert line["level"] == "info"
        assert str(line["timestamp"]).endswith("Z")

    def test_lines_of_a_loop_come_in_their_order_and_none_is_left_when_it_ends(self) -> None:
        program = """
            import asyncio, threading
            logs.configure(json=True)
            async def work():
                log.info("a")
                threading.Thread(target=log.info, args=("b",)).start()
                log.info("c")
                log.warning("d")
                log.info("e")
            asyncio.run(work())
            asyncio.run(work())
            log.info("f")
            asyncio.run(work())
        """
        events = [str(line["event"]) for line in lines(logged(program))]
        assert sorted(events) == sorted(3 * "abcde" + "f")
        assert "".join(event for event in events if event != "b") == "acdeacdefacde"

    def test_whoever_speaks_in_the_midst_of_a_write_neither_waits_nor_is_lost(self) -> None:
        program = """
            import sys
            logs.configure(json=True)
            class Stream:
                def write(self, text):
                    sys.__stderr__.write(text)
                    if "first" in text:
                        log.warning("of what ends meanwhile")
                        logging.getLogger("a.library").warning("too")
                def flush(self):
                    sys.__stderr__.flush()
            sys.stderr = Stream()
            log.warning("first")
            log.warning("last")
        """
        events = [line["event"] for line in lines(logged(program))]
        assert events == ["first", "of what ends meanwhile", "too", "last"]

    def test_a_warning_is_written_at_once_with_what_waited_before_it(self) -> None:
        program = """
            import asyncio, os
            logs.configure(json=True)
            async def work():
                log.info("a")
                log.warning("b")
                os._exit(0)
            asyncio.run(work())
        """
        assert [line["event"] for line in lines(logged(program))] == ["a", "b"]

    def test_a_line_that_waits_is_written_soon(self) -> None:
        program = """
            import asyncio, os
            logs.configure(json=True)
            async def work():
                log.info("a")
                await asyncio.sleep(4 * logs.GATHER_SECONDS)
                os._exit(0)
            asyncio.run(work())
        """
        assert [line["event"] for line in lines(logged(program))] == ["a"]

    def test_libraries_log_in_the_same_shape(self) -> None:
        program = 'logs.configure(json=True); logging.getLogger("uvicorn.error").error("bound %s", 5001)'
        (line,) = lines(logged(program))
        assert (line["event"], line["level"], line["logger"]) == ("bound 5001", "error", "uvicorn.error")

    def test_a_line_names_the_module_that_logged_it(self) -> None:
        program = "logs.configure(json=True); structlog.get_logger().info('a')"
        assert lines(logged(program))[0]["logger"] == "__main__"

    def test_a_warning_of_python_s_is_one_line_without_the_code_below_it(self) -> None:
        program = """
            import warnings
            logs.configure(json=True)
            warnings.warn("old; do not", DeprecationWarning)
        """
        (line,) = lines(logged(program, warnings="always"))
        assert (line["level"], line["logger"]) == ("warning", "py.warnings")
        assert str(line["event"]).endswith("DeprecationWarning: old; do not")

    def test_a_line_has_what_is_bound_and_the_trace(self) -> None:
        program = """
            from withings_bridge import tracing
            class Tracer:
                def traceparent(self):
                    return "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            logs.configure(json=True)
            tracing.use(Tracer())
            with structlog.contextvars.bound_contextvars(request_id="r-1", account="1234"):
                log.info("a")
                logging.getLogger("uvicorn.error").info("b")
            tracing.use(None)
            log.info("c")
        """
        *within, after = lines(logged(program))
        bound = {
            "request_id": "r-1",
            "account": "1234",
            "trace_id": "0af7651916cd43dd8448eb211c80319c",
            "span_id": "b7ad6b7169203331",
        }
        assert [line | bound for line in within] == within
        assert not bound.keys() & after.keys()


class TestATerminal:
    def test_is_read_by_people_and_anything_else_by_machines(self) -> None:
        program = PRELUDE + 'logs.configure(json=logs.for_machines()); log.info("synced", records=3)'
        ours, theirs = os.openpty()
        with os.fdopen(ours, "rb") as terminal:
            subprocess.run([sys.executable, "-c", program], stderr=theirs, check=True)  # noqa: S603 - our own program
            shown = os.read(terminal.fileno(), 4096).decode()
        os.close(theirs)
        assert "synced" in shown
        with pytest.raises(json.JSONDecodeError):
            json.loads(shown)
        assert lines(logged('logs.configure(json=logs.for_machines()); log.info("synced", records=3)'))

    def test_what_people_search_for_is_spelled_out(self) -> None:
        program = 'logs.configure(json=True); log.info("Withings notify subscribed appli=%d", 44)'
        assert lines(logged(program))[0]["event"] == "Withings notify subscribed appli=44"


class TestQuiet:
    def test_only_warnings_and_worse_are_said(self) -> None:
        program = """
            logs.configure(json=True, level=logging.WARNING)
            log.info("a")
            log.warning("b")
            logging.getLogger("x").info("c")
            logging.getLogger("x").error("d")
        """
        assert [line["event"] for line in lines(logged(program))] == ["b", "d"]

    @pytest.mark.parametrize("name", ["httpx", "httpcore", "botocore", "aiobotocore", "urllib3"])
    def test_libraries_that_log_addresses_are_kept_quiet(self, name: str) -> None:
        program = f'logs.configure(json=True); logging.getLogger("{name}.x").info("GET /?secret=s")'
        assert logged(program) == ""


class TestExceptions:
    """Their texts may quote a reading, and tracebacks with local variables show tokens."""

    @pytest.mark.parametrize("as_json", [True, False])
    @pytest.mark.parametrize(
        "how",
        ['log.exception("failed")', 'logging.getLogger("uvicorn.error").exception("failed")'],
        ids=["ours", "a library's"],
    )
    def test_only_kind_and_place_are_told(self, how: str, *, as_json: bool) -> None:
        text = logged(f"""
            logs.configure(json={as_json})
            try:
                fails(81.3)
            except ValueError:
                {how}
        """)
        assert "failed" in text
        assert "ValueError" in text
        assert "<string>:7" in text
        assert "81.3" not in text
        assert "access-0123456789" not in text

    def test_an_exception_handed_over_is_told_the_same_way(self) -> None:
        (line,) = lines(
            logged("""
                logs.configure(json=True)
                try:
                    fails(81.3)
                except ValueError as error:
                    log.error("failed", exc_info=error)
            """)
        )
        assert line["error"] == "ValueError"
        assert "exc_info" not in line

    def test_one_that_nobody_caught_is_told_the_same_way(self) -> None:
        text = logged(
            """
            logs.configure(json=True)
            fails(81.3)
        """,
            code=1,
        )
        (line,) = lines(text)
        assert (line["level"], line["error"]) == ("critical", "ValueError")
        assert str(line["where"]).startswith("<string>:7")

    def test_one_that_nobody_caught_in_a_thread_too(self) -> None:
        (line,) = lines(
            logged("""
            import threading
            logs.configure(json=True)
            thread = threading.Thread(target=fails, args=(81.3,))
            thread.start()
            thread.join()
        """)
        )
        assert line["error"] == "ValueError"

    def test_one_of_a_task_that_nobody_awaits_too(self) -> None:
        (line,) = lines(
            logged("""
            import asyncio
            logs.configure(json=True)
            async def work():
                fails(81.3)
            async def main():
                asyncio.create_task(work())
                await asyncio.sleep(0)
            asyncio.run(main())
        """)
        )
        assert line["event"] == "Task exception was never retrieved"
        assert line["error"] == "ValueError"
        assert "81.3" not in str(line)

    def test_one_that_nobody_can_catch_too(self) -> None:
        (line,) = lines(
            logged("""
            logs.configure(json=True)
            class Scale:
                def __del__(self):
                    fails(81.3)
            Scale()
        """)
        )
        assert (line["level"], line["error"]) == ("error", "ValueError")
        assert "81.3" not in str(line)

    def test_the_place_begins_where_it_was_raised(self) -> None:
        text = logged("""
            import sys
            try:
                fails(81.3)
            except ValueError as error:
                sys.stderr.write(logs.place_of(error))
        """)
        assert text.startswith("<string>:7 < <string>:")


class TestSecrets:
    """The last net; no line is meant to hold any of these."""

    @pytest.mark.parametrize("as_json", [True, False])
    @pytest.mark.parametrize(
        "how",
        [
            'log.info("done", token="hush-4711")',
            'log.info("done", asked={"code": "hush-4711"})',
            'log.info("GET /callback?code=hush-4711&state=b")',
            'log.info("asked for secret=%s", "hush-4711")',
            'logging.getLogger("x").warning("%s - WebSocket", "/webhook?secret=hush-4711")',
            'structlog.contextvars.bind_contextvars(cookie="hush-4711"); log.info("done")',
            'import warnings; warnings.warn("token=hush-4711")',
            *(
                f'logging.getLogger("{name}").error("GET /?token=%s", "hush-4711")'
                for name in ("uvicorn.error", "httpx", "aiobotocore", "asyncio", "opentelemetry", "urllib3")
            ),
        ],
    )
    def test_are_masked_whoever_logs_them(self, how: str, *, as_json: bool) -> None:
        text = logged(f"logs.configure(json={as_json}); {how}")
        assert "***" in text
        assert "hush" not in text
