#!/usr/bin/python3
"""Runs the fuzzers one after another, on seeds and dictionaries of its own making.

    tests/fuzz/run_fuzzers.py build/fuzz                        # all, ten minutes each
    tests/fuzz/run_fuzzers.py build/fuzz --seconds 60 npy npz   # these two, a minute each

What they learn stays in BUILD/corpus/NAME, what breaks them in BUILD/found/NAME. Needs Debian's python3-onnx.
"""
import argparse
import io
import json
import pathlib
import re
import subprocess
import sys
import zipfile

import numpy
import onnx

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
sys.path.insert(0, str(SOURCE / "tools"))
import make_onnx  # noqa: E402  (ours, found by the line above)


def files(folder, pattern):
    return [file.read_bytes() for file in sorted((SOURCE / folder).glob(pattern))]


def array(numbers, **options):
    stream = io.BytesIO()
    numpy.lib.format.write_array(stream, numbers, **options)
    return stream.getvalue()


def arrays():
    for kind in ("<f2", "<f4", "<f8", "|b1", "|u1", "<i2", "<i4", "<i8"):
        yield array(numpy.arange(6).reshape(3, 2).astype(kind))
    yield array(numpy.arange(4.0), version=(2, 0))
    yield array(numpy.asfortranarray(numpy.ones((2, 3))), version=(3, 0))


def archives():
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", method) as archive:
            archive.writestr("up.npy", next(arrays()))
            archive.writestr("read.me", "text")
        yield stream.getvalue()


def safetensors():
    for kind, size in (("F32", 4), ("BF16", 2), ("BOOL", 1), ("I64", 8)):
        header = json.dumps({"__metadata__": {"format": "pt"},
                             "a": {"dtype": kind, "shape": [3, 2], "data_offsets": [0, 6 * size]},
                             "b": {"dtype": "U8", "shape": [2], "data_offsets": [6 * size, 6 * size + 2]}}).encode()
        yield len(header).to_bytes(8, "little") + header + bytes(range(6 * size + 2))


def matrices():
    yield b"%%MatrixMarket matrix coordinate real general\n% words\n3 2 2\n1 1 0.5\n3 2 -1e-3\n"
    yield b"%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n1 1\n3 2\n"
    yield b"%%MatrixMarket matrix array integer general\n2 2\n1\n0\nnan\n4\n"


def tables():
    yield b"Layer, M, N, K,\nA, 8, 4, 2, 2:4\nB, 8, 6, 4,\n"
    yield (b"Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
           b"one, 10, 10, 3, 3, 3, 8, 1,\ntwo, 10, 10, 3, 3, 8, 4, 2, 1:2\n")


def studies():
    """Without the lines that the target puts before each; and formulas alone, which it reads as well."""
    for text in files("configs/study", "*.yaml"):
        yield re.sub(rb"^(machine|workload):.*\n", b"", text, flags=re.MULTILINE)
    yield (b"list: [{cluster.nodes: 1}, {cluster.nodes: 2}]\nzip: {wafer.clock: [1 GHz, 2 GHz], wafer.io.lane_rate: [50 Gb/s, 100 Gb/s]}\n"
           b"derive: {workload.global_batch: nodes * 4}\nwhere: nodes < 2 or clock > 1 GHz\n")
    yield (b"random: {points: 4, seed: 7, keys: {workload.sparsity.level: {from: 0.10, to: 0.90}, "
           b"cluster.nodes: [1, 2]}}\nhold: {tokens_per_node: 8}\n")
    yield b"max(2, nodes mod 3) * 100 Gb/s"
    yield b"not (recompute == 'layer') and floor(90 %) <= ceil(0.5)"


def networks():
    for name in ("operators", "lstm", "plain", "llama_block", "group_norm_parts"):
        yield make_onnx.NETS[name]().SerializeToString()


SEEDS = {"config": lambda: files("configs/machine", "*.yaml"),
         "workload": lambda: files("configs/workload", "*.yaml"),
         "onnx": networks, "scale_sim": tables, "npy": arrays, "npz": archives, "safetensors": safetensors,
         "shard_index": lambda: [b'{"metadata": {}, "weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}'],
         "mtx": matrices, "study": studies}

WORDS = {"npy": ["\\x93NUMPY\\x01\\x00", "'descr': '<f4'", "'|b1'", "'shape': (", ", )", "'fortran_order': True"],
         "npz": ["PK\\x03\\x04", "PK\\x01\\x02", "PK\\x05\\x06", "PK\\x06\\x06", ".npy", "\\x93NUMPY"],
         "safetensors": ["\\\"dtype\\\":\\\"F32\\\"", "\\\"shape\\\":[", "\\\"data_offsets\\\":[", "18446744073709551615",
                         "__metadata__", "-1", "1e3"],
         "shard_index": ["\\\"weight_map\\\"", ".safetensors", "../", "{", "}"],
         "mtx": ["%%MatrixMarket", "matrix", "coordinate", "array", "real", "integer", "double", "pattern", "general",
                 "symmetric", "skew-symmetric", "1e999", "nan", "+0"],
         "scale_sim": ["Layer, M, N, K,", "2:4", "Layer name,", ",\\x0a"]}


def dictionary(name, folder):
    """Ours if there is one; of ONNX, the library's own words."""
    kept = HERE / f"{name}.dict"
    if kept.exists():
        return kept
    words = WORDS.get(name, [])
    if name == "onnx":
        schemas = onnx.defs.get_all_schemas()
        words = sorted({schema.name for schema in schemas} | {word for schema in schemas for word in schema.attributes})
    file = folder / f"{name}.dict"
    file.write_text("".join(f'"{word}"\n' for word in words), encoding="utf-8")
    return file


def run(build, name, seconds):
    corpus, found, seeds = (build / part / name for part in ("corpus", "found", "seeds"))
    for folder in (corpus, found, seeds):
        folder.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(SEEDS[name]()):
        (seeds / f"seed-{i}").write_bytes(seed)
    done = subprocess.run([build / "tests" / "fuzz" / f"{name}_fuzzer", f"-max_total_time={seconds}",
                           f"-dict={dictionary(name, build / 'seeds')}", f"-artifact_prefix={found}/", "-timeout=10",
                           "-rss_limit_mb=2048", "-max_len=8192", "-print_final_stats=1", corpus, seeds],
                          capture_output=True, check=False)
    log = done.stderr.decode(errors="replace")
    (build / "found" / f"{name}.log").write_text(log[-100_000:], encoding="utf-8")
    match = re.search(r"Done (\d+) runs in (\d+) second", log)
    print(f"{name}: " + (f"{match[1]} runs in {match[2]} s" if match else "broken off, see the log"),
          "clean" if done.returncode == 0 else f"FOUND something, see {found}", sep=", ", flush=True)
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="the folder that the fuzzers were built in")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SEEDS)}; all if left out")
    parser.add_argument("--seconds", type=int, default=600, help="for each")
    options = parser.parse_intermixed_args()
    unknown = set(options.names) - set(SEEDS)
    if unknown:
        parser.error(f"no fuzzers: {', '.join(sorted(unknown))}")
    results = [run(options.build, name, options.seconds) for name in options.names or SEEDS]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
