"""Scripting for wafersim: run the simulator from Python and get its results as dataclasses.

    import wafersim
    result = wafersim.simulate("configs/machine/cs2.yaml", "configs/workload/gpt2.yaml", cluster__nodes=4)
    print(result.step.cycles, result.step.bottleneck)

    points = wafersim.sweep("configs/machine/cs2.yaml", "configs/workload/gpt2.yaml",
                            {"cluster.nodes": [1, 2, 4]}, hold={"tokens_per_node": 4096})
    print([point.efficiency for point in points])

Needs the standard library only; with pandas, `Points.frame()` is a DataFrame. The program is found through the
environment's WAFERSIM, then where this module was installed with it (in the repository: build/release), then on the
PATH."""
from .errors import DoesNotFit, Fault, InputError, WafersimError
from .program import version
from .results import Layer, Memory, Part, Point, Result, Station, Step
from .simulate import simulate, simulate_all
from .sweep import Points, sweep

__all__ = ["DoesNotFit", "Fault", "InputError", "Layer", "Memory", "Part", "Point", "Points", "Result", "Station", "Step",
           "WafersimError", "simulate", "simulate_all", "sweep", "version"]
