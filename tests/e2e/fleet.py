"""Several bridges on one store, behind a balancer, before one Withings."""

from collections.abc import Mapping
from pathlib import Path

from e2e import failing
from e2e.balancer import Balancer
from e2e.levers import Trap
from e2e.stores import Store
from e2e.trial import Trial
from processes import Process, free_port

REPLICAS = 3


class Fleet(Trial):
    """Replicas; requests to ``url`` go to any of them, by a balancer that may be ``looking`` which are ready.
    Each has a trap of its own.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        days: int = 6,
        looking: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(store, folder, days=days, env=env)
        self._ports = [free_port() for _ in range(REPLICAS)]
        self._balancer = Balancer(self._ports, looking=looking)
        self.url = self._balancer.url
        self.traps = [Trap(self._trap_path(port)) for port in self._ports]
        self.trap = self.traps[0]
        self.bridges = [self._replica(port) for port in self._ports]

    def start(self) -> None:
        self._balancer.start()
        self.bridge = self.bridges[0]
        super().start()
        for other in self.bridges[1:]:
            other.start()

    def end(self) -> None:
        for other in self.bridges[1:]:
            other.kill()
        super().end()
        self._balancer.end()

    def _replica(self, port: int) -> Process:
        env: Mapping[str, str] = {
            **self._settings(),
            **self.store.env,
            "PORT": str(port),
            failing.TRAP: str(self._trap_path(port)),
        }
        return self._process(("serve",), env=env, url=f"http://127.0.0.1:{port}/health", name=f"serve-{port}")

    def _trap_path(self, port: int) -> Path:
        return self._folder / f"trap-{port}"

    @property
    def logs(self) -> str:
        return "\n".join(bridge.log for bridge in self.bridges)
