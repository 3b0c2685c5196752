"""Results as dataclasses; names and units are those of the JSON documents (docs/guide.md)."""
import dataclasses
from dataclasses import dataclass


def _from(cls, document):
    """Fills a dataclass from a document, which may say more."""
    return cls(**{field.name: document[field.name] for field in dataclasses.fields(cls)})


@dataclass(frozen=True)
class Step:
    cycles: int
    time_ps: int
    first_step_cycles: int
    samples_per_second: float
    tokens_per_second: float
    utilization: float
    energy_joules: float
    bottleneck: str


@dataclass(frozen=True)
class Layer:
    name: str
    kind: str
    forward_cycles: int
    backward_cycles: int
    update_cycles: int
    weights: int
    nonzero_weights: int
    parts: dict


@dataclass(frozen=True)
class Station:
    name: str
    bytes: int
    achieved_bytes_per_second: float
    peak_bytes_per_second: float
    busy_fraction: float


@dataclass(frozen=True)
class Part:
    part: str
    cycles: int
    step_cycles_if_infinite: int


@dataclass(frozen=True)
class Memory:
    name: str
    used_bytes: int
    capacity_bytes: int
    largest: str


@dataclass(frozen=True)
class Result:
    """One run. `document` is the whole JSON document."""
    step: Step
    layers: list
    stations: list
    attribution: list
    memory: list
    document: dict

    @classmethod
    def of(cls, document):
        def rows(kind, name):
            return [_from(kind, row) for row in document[name]]
        return cls(_from(Step, document["step"]), rows(Layer, "layers"), rows(Station, "stations"),
                   rows(Part, "attribution"), rows(Memory, "memory"), document)


@dataclass(frozen=True)
class Point:
    """One point of a sweep. Of one that failed `step` is None and `error` says why."""
    set: dict
    key: str
    nodes: int
    step: Step
    parts: dict
    efficiency: float
    reason: str
    error: str
    document: dict

    @classmethod
    def of(cls, document):
        step = _from(Step, document["step"]) if "step" in document else None
        return cls(document["set"], document["key"], document.get("nodes", 0), step, document.get("parts", {}),
                   document.get("efficiency"), document.get("reason", ""), document.get("error", ""), document)
