#!/usr/bin/python3
"""Writes well-known networks and small cases as ONNX files without weights, for the tests of the importer.

    tools/make_onnx.py resnet50 resnet50.onnx
    tools/make_onnx.py --list

Each well-known network is put together from its paper, layer by layer, in the form in which common exporters write it:
initialisers have dimensions and no data, the batch is a symbolic dimension.
"""
import argparse
import sys

import onnx
from onnx import TensorProto, helper

from onnx_cases import CASES
from onnx_net import Net, attention, image, sizes_of


def resnet50(size=224):
    """He et al., arXiv:1512.03385, with the stride in the 3x3 convolution as common implementations have it."""
    net = Net("resnet50")
    x, inputs = image(net, size)
    x = net.conv(x, 64, 7, 2, 3, label="conv1", batch_norm=True, relu=True)
    x = net.pool(x, 3, 2, 1)
    for stage, (blocks, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), start=1):
        for block in range(blocks):
            label = f"layer{stage}.{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            y = net.conv(x, width, 1, label=f"{label}.conv1", batch_norm=True, relu=True)
            y = net.conv(y, width, 3, stride, label=f"{label}.conv2", batch_norm=True, relu=True)
            y = net.conv(y, 4 * width, 1, label=f"{label}.conv3", batch_norm=True)
            if block == 0:
                x = net.conv(x, 4 * width, 1, stride, label=f"{label}.downsample", batch_norm=True)
            x = net.relu(net.op("Add", [x, y]))
    return net.model(inputs, net.classifier(x, 2048))


def vgg19():
    """Simonyan and Zisserman, arXiv:1409.1556, configuration E."""
    net = Net("vgg19")
    x, inputs = image(net, 224)
    for width, count in ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)):
        for _ in range(count):
            x = net.conv(x, width, 3, bias=True, relu=True)
        x = net.pool(x, 2, 2)
    x = net.op("Flatten", [x], axis=1)
    x = net.gemm(x, 512 * 7 * 7, 4096, "classifier.0", relu=True)
    x = net.gemm(x, 4096, 4096, "classifier.3", relu=True)
    return net.model(inputs, net.gemm(x, 4096, 1000, "classifier.6"))


def alexnet():
    """Krizhevsky, arXiv:1404.5997 (one column), as torchvision has it."""
    net = Net("alexnet")
    x, inputs = image(net, 224)
    x = net.conv(x, 64, 11, 4, 2, bias=True, label="features.0", relu=True)
    x = net.pool(x, 3, 2)
    x = net.conv(x, 192, 5, 1, 2, bias=True, label="features.3", relu=True)
    x = net.pool(x, 3, 2)
    x = net.conv(x, 384, 3, bias=True, label="features.6", relu=True)
    x = net.conv(x, 256, 3, bias=True, label="features.8", relu=True)
    x = net.conv(x, 256, 3, bias=True, label="features.10", relu=True)
    x = net.op("Flatten", [net.pool(x, 3, 2)], axis=1)
    x = net.gemm(x, 256 * 6 * 6, 4096, "classifier.1", relu=True)
    x = net.gemm(x, 4096, 4096, "classifier.4", relu=True)
    return net.model(inputs, net.gemm(x, 4096, 1000, "classifier.6"))


def squeezenet():
    """Iandola et al., arXiv:1602.07360, version 1.0."""
    net = Net("squeezenet1_0")
    x, inputs = image(net, 224)

    def fire(x, squeeze, expand):
        s = net.conv(x, squeeze, 1, bias=True, relu=True)
        return net.op("Concat", [net.conv(s, expand, 1, bias=True, relu=True),
                                 net.conv(s, expand, 3, bias=True, relu=True)], 2 * expand, axis=1)

    x = net.conv(x, 96, 7, 2, 0, bias=True, relu=True)
    x = net.pool(x, 3, 2, ceil=1)
    for squeeze, expand in ((16, 64), (16, 64), (32, 128)):
        x = fire(x, squeeze, expand)
    x = net.pool(x, 3, 2, ceil=1)
    for squeeze, expand in ((32, 128), (48, 192), (48, 192), (64, 256)):
        x = fire(x, squeeze, expand)
    x = fire(net.pool(x, 3, 2, ceil=1), 64, 256)
    x = net.conv(x, 1000, 1, bias=True, relu=True)
    return net.model(inputs, net.op("Flatten", [net.op("GlobalAveragePool", [x])], axis=1))


def densenet121():
    """Huang et al., arXiv:1608.06993, growth 32."""
    net = Net("densenet121")
    x, inputs = image(net, 224)
    x = net.pool(net.conv(x, 64, 7, 2, 3, batch_norm=True, relu=True), 3, 2, 1)
    for stage, blocks in enumerate((6, 12, 24, 16)):
        for block in range(blocks):
            label = f"denseblock{stage + 1}.{block + 1}"
            y = net.relu(net.batch_norm(x, f"{label}.norm1"))
            y = net.conv(y, 128, 1, label=f"{label}.conv1", batch_norm=True, relu=True)
            y = net.conv(y, 32, 3, label=f"{label}.conv2")
            x = net.op("Concat", [x, y], net.channels[x] + 32, axis=1)
        x = net.batch_norm(x, f"norm_after_{stage + 1}")
        x = net.relu(x)
        if stage < 3:
            x = net.conv(x, net.channels[x] // 2, 1, label=f"transition{stage + 1}")
            x = net.pool(x, 2, 2, kind="AveragePool")
    return net.model(inputs, net.classifier(x, 1024))


def inception_v1():
    """Szegedy et al., arXiv:1409.4842, without the auxiliary classifiers."""
    net = Net("inception_v1")
    x, inputs = image(net, 224)

    def inception(x, a, b_in, b, c_in, c, d):
        def conv(x, width, kernel):
            return net.conv(x, width, kernel, bias=True, relu=True)
        parts = [conv(x, a, 1), conv(conv(x, b_in, 1), b, 3), conv(conv(x, c_in, 1), c, 5),
                 conv(net.pool(x, 3, 1, 1), d, 1)]
        return net.op("Concat", parts, a + b + c + d, axis=1)

    def lrn(x):
        return net.op("LRN", [x], size=5)

    x = net.conv(x, 64, 7, 2, 3, bias=True, relu=True)
    x = lrn(net.pool(x, 3, 2, ceil=1))
    x = net.conv(x, 64, 1, bias=True, relu=True)
    x = net.conv(x, 192, 3, bias=True, relu=True)
    x = net.pool(lrn(x), 3, 2, ceil=1)
    x = inception(x, 64, 96, 128, 16, 32, 32)
    x = inception(x, 128, 128, 192, 32, 96, 64)
    x = net.pool(x, 3, 2, ceil=1)
    for sizes in ((192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
                  (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128)):
        x = inception(x, *sizes)
    x = net.pool(x, 3, 2, ceil=1)
    x = inception(x, 256, 160, 320, 32, 128, 128)
    x = inception(x, 384, 192, 384, 48, 128, 128)
    return net.model(inputs, net.classifier(x, 1024))


def shufflenet():
    """Zhang et al., arXiv:1707.01083, one times, three groups: grouped and depthwise convolutions."""
    net = Net("shufflenet")
    x, inputs = image(net, 224)
    groups = 3

    def shuffle(x, size):
        channels = net.channels[x]
        y = net.op("Reshape", [x, net.constant([-1, groups, channels // groups, size, size])])
        y = net.op("Transpose", [y], perm=[0, 2, 1, 3, 4])
        return net.op("Reshape", [y, net.constant([-1, channels, size, size])])

    def unit(x, out, size, stride, first):
        branch = out - net.channels[x] if stride == 2 else out
        middle = out // 4
        y = net.conv(x, middle, 1, groups=1 if first else groups, batch_norm=True, relu=True)
        y = shuffle(y, size)
        y = net.conv(y, middle, 3, stride, groups=middle, batch_norm=True)
        y = net.conv(y, branch, 1, groups=groups, batch_norm=True)
        if stride == 2:
            return net.relu(net.op("Concat", [net.pool(x, 3, 2, 1, "AveragePool"), y], out, axis=1))
        return net.relu(net.op("Add", [x, y]))

    x = net.pool(net.conv(x, 24, 3, 2, batch_norm=True, relu=True), 3, 2, 1)
    size = 56
    for stage, (out, repeats) in enumerate(((240, 3), (480, 7), (960, 3))):
        x = unit(x, out, size, 2, stage == 0)
        size //= 2
        for _ in range(repeats):
            x = unit(x, out, size, 1, False)
    return net.model(inputs, net.classifier(x, 960))


def gpt2(layers=12, width=768, heads=12, vocabulary=50257, positions=1024):
    """Radford et al. 2019, as exported by torch from the transformers library: fused projections as Gemm."""
    net = Net("gpt2")
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "sequence"]),
              helper.make_tensor_value_info("position_ids", TensorProto.INT64, ["batch", "sequence"]),
              helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["batch", 1, "sequence", "sequence"])]
    x = net.op("Add", [net.op("Gather", [net.weight("wte.weight", vocabulary, width), "input_ids"]),
                       net.op("Gather", [net.weight("wpe.weight", positions, width), "position_ids"])])

    def conv1d(x, in_features, features, label):
        sizes = net.op("Shape", [x])
        shape = net.op("Concat", [net.op("Gather", [sizes, net.constant([0])], axis=0),
                                  net.op("Gather", [sizes, net.constant([1])], axis=0),
                                  net.constant([features])], axis=0)
        flat = net.op("Reshape", [x, net.constant([-1, in_features])])
        y = net.op("Gemm", [flat, net.weight(f"{label}.weight", in_features, features),
                            net.weight(f"{label}.bias", features)], label=label)
        return net.op("Reshape", [y, shape])

    for i in range(layers):
        y = net.layer_norm(x, width, f"h.{i}.ln_1")
        y = conv1d(y, width, 3 * width, f"h.{i}.attn.c_attn")
        parts = [f"h.{i}.{part}" for part in "qkv"]
        net.nodes.append(helper.make_node("Split", [y, net.constant([width] * 3)], parts, name=f"split_{i}", axis=2))
        y = attention(net, *parts, heads, heads, width // heads)
        x = net.op("Add", [x, conv1d(y, width, width, f"h.{i}.attn.c_proj")])
        y = conv1d(net.layer_norm(x, width, f"h.{i}.ln_2"), width, 4 * width, f"h.{i}.mlp.c_fc")
        y = conv1d(net.gelu(y), 4 * width, width, f"h.{i}.mlp.c_proj")
        x = net.op("Add", [x, y])
    x = net.layer_norm(x, width, "ln_f")
    x = net.op("MatMul", [x, net.op("Transpose", ["wte.weight"], perm=[1, 0])], label="lm_head")
    return net.model(inputs, x, output_rank=3)


def llama_block(width=512, heads=8, kv_heads=2, inner=1408):
    """One block of a LLaMA with grouped keys, on hidden states: rotary positions, RMSNorm, gated MLP."""
    net = Net("llama_block")
    head_dim = width // heads
    inputs = [helper.make_tensor_value_info("hidden_states", TensorProto.FLOAT, ["batch", "sequence", width]),
              helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["batch", 1, "sequence", "sequence"]),
              helper.make_tensor_value_info("angles", TensorProto.INT64, [1, 1, "sequence", head_dim])]
    x = "hidden_states"
    sizes_of(net, x)
    angles = net.op("Cast", ["angles"], to=TensorProto.FLOAT)
    for name, kind in (("cos", "Cos"), ("sin", "Sin")):
        net.op(kind, [angles])
        net.nodes[-1].output[0] = name
    y = net.rms_norm(x, width, "input_layernorm")
    q, k, v = (net.linear(y, width, count * head_dim, f"self_attn.{part}_proj", bias=False)
               for part, count in (("q", heads), ("k", kv_heads), ("v", kv_heads)))
    y = attention(net, q, k, v, heads, kv_heads, head_dim, rotary=True)
    x = net.op("Add", [x, net.linear(y, width, width, "self_attn.o_proj", bias=False)])
    y = net.rms_norm(x, width, "post_attention_layernorm")
    gate = net.linear(y, width, inner, "mlp.gate_proj", bias=False)
    gate = net.op("Mul", [gate, net.op("Sigmoid", [gate])])
    y = net.op("Mul", [gate, net.linear(y, width, inner, "mlp.up_proj", bias=False)])
    x = net.op("Add", [x, net.linear(y, inner, width, "mlp.down_proj", bias=False)])
    return net.model(inputs, x, output_rank=3)


def bert(layers=12, width=768, heads=12, vocabulary=30522, positions=512):
    """Devlin et al., arXiv:1810.04805, base, with its pooler."""
    net = Net("bert")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
              for name in ("input_ids", "token_type_ids", "position_ids")]
    inputs.append(helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["batch", 1, 1, "sequence"]))
    x = net.op("Add", [net.op("Gather", [net.weight("embeddings.word_embeddings.weight", vocabulary, width),
                                         "input_ids"]),
                       net.op("Gather", [net.weight("embeddings.token_type_embeddings.weight", 2, width),
                                         "token_type_ids"])])
    x = net.op("Add", [x, net.op("Gather", [net.weight("embeddings.position_embeddings.weight", positions, width),
                                            "position_ids"])])
    x = net.layer_norm(x, width, "embeddings.LayerNorm")
    for i in range(layers):
        label = f"encoder.layer.{i}"
        q, k, v = (net.linear(x, width, width, f"{label}.attention.self.{part}") for part in
                   ("query", "key", "value"))
        y = attention(net, q, k, v, heads, heads, width // heads)
        y = net.linear(y, width, width, f"{label}.attention.output.dense")
        x = net.layer_norm(net.op("Add", [x, y]), width, f"{label}.attention.output.LayerNorm")
        y = net.gelu(net.linear(x, width, 4 * width, f"{label}.intermediate.dense"))
        y = net.linear(y, 4 * width, width, f"{label}.output.dense")
        x = net.layer_norm(net.op("Add", [x, y]), width, f"{label}.output.LayerNorm")
    first = net.op("Gather", [x, net.constant([0], [])], axis=1)
    return net.model(inputs, net.op("Tanh", [net.gemm(first, width, width, "pooler.dense")]))


def vit_b16(layers=12, width=768, heads=12):
    """Dosovitskiy et al., arXiv:2010.11929, base with patches of 16."""
    net = Net("vit_b16")
    x, inputs = image(net, 224)
    x = net.conv(x, width, 16, 16, 0, bias=True, label="patches")
    x = net.op("Reshape", [x, net.constant([0, width, 196])])
    x = net.op("Transpose", [x], perm=[0, 2, 1])
    batch = net.op("Gather", [net.op("Shape", ["image"]), net.constant([0])], axis=0)
    token = net.op("Expand", [net.weight("cls_token", 1, 1, width),
                              net.op("Concat", [batch, net.constant([1, width])], axis=0)])
    x = net.op("Concat", [token, x], axis=1)
    x = net.op("Add", [x, net.weight("position_embeddings", 1, 197, width)])
    for i in range(layers):
        y = net.layer_norm(x, width, f"layer.{i}.layernorm_before")
        q, k, v = (net.linear(y, width, width, f"layer.{i}.{part}") for part in ("query", "key", "value"))
        y = attention(net, q, k, v, heads, heads, width // heads, mask=None)
        x = net.op("Add", [x, net.linear(y, width, width, f"layer.{i}.output")])
        y = net.layer_norm(x, width, f"layer.{i}.layernorm_after")
        y = net.gelu(net.linear(y, width, 4 * width, f"layer.{i}.up"))
        x = net.op("Add", [x, net.linear(y, 4 * width, width, f"layer.{i}.down")])
    x = net.layer_norm(x, width, "layernorm")
    return net.model(inputs, net.gemm(net.op("Gather", [x, net.constant([0], [])], axis=1), width, 1000, "classifier"))


NETS = {"resnet50": resnet50, "vgg19": vgg19, "alexnet": alexnet, "squeezenet": squeezenet,
        "densenet121": densenet121, "inception_v1": inception_v1, "shufflenet": shufflenet, "gpt2": gpt2,
        "llama_block": llama_block, "bert": bert, "vit_b16": vit_b16, **CASES}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="print the names of the networks")
    parser.add_argument("--all", metavar="FOLDER", help="write all of them")
    parser.add_argument("net", nargs="?", choices=sorted(NETS))
    parser.add_argument("file", nargs="?")
    options = parser.parse_args()
    if options.list:
        print("\n".join(sorted(NETS)))
    elif options.all:
        for name, make in NETS.items():
            onnx.save(make(), f"{options.all}/{name}.onnx")
    elif options.net and options.file:
        onnx.save(NETS[options.net](), options.file)
    else:
        parser.error("give a network and a file, or --all FOLDER, or --list")


if __name__ == "__main__":
    sys.exit(main())
