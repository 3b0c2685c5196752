#!/usr/bin/python3
"""Writes well-known networks as ONNX files without weights, for the tests of the importer.

    tools/make_onnx.py resnet50 resnet50.onnx
    tools/make_onnx.py --list

Each network is put together from its paper, layer by layer, in the form in which common exporters write it:
initialisers have dimensions and no data, the batch is a symbolic dimension.
"""
import argparse
import sys

import onnx
from onnx import TensorProto, helper


class Net:
    """Collects operators; each method adds one and gives the name of its output."""

    def __init__(self, name, channels_of=None):
        self.name, self.nodes, self.weights, self.count = name, [], [], 0
        self.channels = channels_of or {}

    def op(self, kind, inputs, channels=None, label=None, **attributes):
        self.count += 1
        output = f"{label or kind.lower()}_{self.count}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        self.channels[output] = channels if channels is not None else self.channels.get(inputs[0])
        return output

    def weight(self, name, *dims):
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=dims)
        self.weights.append(tensor)
        return name

    def constant(self, values, dims=None):
        self.count += 1
        name = f"constant_{self.count}"
        integers = all(isinstance(value, int) for value in values)
        kind = TensorProto.INT64 if integers else TensorProto.FLOAT
        self.weights.append(helper.make_tensor(name, kind, dims if dims is not None else [len(values)], values))
        return name

    def conv(self, x, channels, kernel, stride=1, pad=None, groups=1, bias=False, label=None, batch_norm=False,
             relu=False):
        label = label or f"conv{self.count}"
        high, wide = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        pad = high // 2 if pad is None else pad
        pads = [pad, pad, pad, pad] if not isinstance(pad, list) else pad
        inputs = [x, self.weight(f"{label}.weight", channels, self.channels[x] // groups, high, wide)]
        if bias:
            inputs.append(self.weight(f"{label}.bias", channels))
        y = self.op("Conv", inputs, channels, label, kernel_shape=[high, wide], strides=[stride, stride], pads=pads,
                    group=groups)
        if batch_norm:
            y = self.batch_norm(y, f"{label}_bn")
        return self.relu(y) if relu else y

    def batch_norm(self, x, label):
        inputs = [x] + [self.weight(f"{label}.{part}", self.channels[x])
                        for part in ("weight", "bias", "running_mean", "running_var")]
        return self.op("BatchNormalization", inputs, label=label, epsilon=1e-5)

    def relu(self, x):
        return self.op("Relu", [x])

    def pool(self, x, kernel, stride, pad=0, kind="MaxPool", ceil=0):
        return self.op(kind, [x], kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[pad] * 4,
                       ceil_mode=ceil)

    def gemm(self, x, inputs, features, label, relu=False, bias=True):
        operands = [x, self.weight(f"{label}.weight", features, inputs)]
        if bias:
            operands.append(self.weight(f"{label}.bias", features))
        y = self.op("Gemm", operands, features, label, transB=1)
        return self.relu(y) if relu else y

    def linear(self, x, inputs, features, label, bias=True):
        y = self.op("MatMul", [x, self.weight(f"{label}.weight", inputs, features)], features, label)
        return self.op("Add", [y, self.weight(f"{label}.bias", features)], features) if bias else y

    def layer_norm(self, x, features, label):
        """In its parts, as exporters before opset 17 write it."""
        mean = self.op("ReduceMean", [x], axes=[-1])
        centred = self.op("Sub", [x, mean])
        square = self.op("Pow", [centred, self.constant([2.0], [])])
        variance = self.op("ReduceMean", [square], axes=[-1])
        root = self.op("Sqrt", [self.op("Add", [variance, self.constant([1e-5], [])])])
        y = self.op("Div", [centred, root])
        y = self.op("Mul", [y, self.weight(f"{label}.weight", features)])
        return self.op("Add", [y, self.weight(f"{label}.bias", features)])

    def rms_norm(self, x, features, label):
        square = self.op("Pow", [x, self.constant([2.0], [])])
        mean = self.op("ReduceMean", [square], axes=[-1])
        root = self.op("Sqrt", [self.op("Add", [mean, self.constant([1e-5], [])])])
        inverse = self.op("Div", [self.constant([1.0], []), root])
        y = self.op("Mul", [x, inverse])
        return self.op("Mul", [y, self.weight(f"{label}.weight", features)])

    def gelu(self, x):
        scaled = self.op("Div", [x, self.constant([1.4142135], [])])
        y = self.op("Add", [self.op("Erf", [scaled]), self.constant([1.0], [])])
        return self.op("Mul", [self.op("Mul", [x, y]), self.constant([0.5], [])])

    def classifier(self, x, features, classes=1000):
        """Global average, then one matrix."""
        x = self.op("Flatten", [self.op("GlobalAveragePool", [x])], axis=1)
        return self.gemm(x, features, classes, "fc")

    def model(self, inputs, output, opset=13, output_rank=2):
        graph = helper.make_graph(
            self.nodes, self.name, inputs,
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, [None] * output_rank)], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="wafersim")


def image(net, size, channels=3):
    net.channels["image"] = channels
    return "image", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", channels, size, size])]


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


def attention(net, q, k, v, heads, kv_heads, head_dim, mask="mask", rotary=False):
    """softmax(QK^T)V as torch exports it: reshape, transpose, two products. `mask` is added to the scores."""
    def split(x, count):
        x = net.op("Reshape", [x, net.constant([0, 0, count, head_dim])])
        return net.op("Transpose", [x], perm=[0, 2, 1, 3])

    def rotate(x):
        low = net.op("Slice", [x, net.constant([0]), net.constant([head_dim // 2]), net.constant([3])])
        high = net.op("Slice", [x, net.constant([head_dim // 2]), net.constant([head_dim]), net.constant([3])])
        turned = net.op("Concat", [net.op("Neg", [high]), low], axis=-1)
        return net.op("Add", [net.op("Mul", [x, "cos"]), net.op("Mul", [turned, "sin"])])

    q, k, v = split(q, heads), split(k, kv_heads), split(v, kv_heads)
    if rotary:
        q, k = rotate(q), rotate(k)
    if kv_heads != heads:
        def repeat(x):
            x = net.op("Unsqueeze", [x, net.constant([2])])
            sizes = net.op("Concat", ["batch_size", net.constant([kv_heads, heads // kv_heads]), "tokens",
                                      net.constant([head_dim])], axis=0)
            return net.op("Reshape", [net.op("Expand", [x, sizes]), net.constant([0, heads, -1, head_dim])])
        k, v = repeat(k), repeat(v)
    scores = net.op("MatMul", [q, net.op("Transpose", [k], perm=[0, 1, 3, 2])])
    scores = net.op("Div", [scores, net.constant([float(head_dim) ** 0.5], [])])
    if mask:
        scores = net.op("Add", [scores, mask])
    y = net.op("MatMul", [net.op("Softmax", [scores], axis=-1), v])
    y = net.op("Transpose", [y], perm=[0, 2, 1, 3])
    return net.op("Reshape", [y, net.constant([0, 0, heads * head_dim])])


def sizes_of(net, x):
    """The batch and the tokens of `x`, as exporters compute them while the model runs."""
    shape = net.op("Shape", [x])
    for name, index in (("batch_size", 0), ("tokens", 1)):
        at = net.op("Gather", [shape, net.constant([index])], axis=0)
        net.nodes[-1].output[0] = name
        assert at != name


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


def lstm():
    """Two directions of an LSTM on sequences of vectors, then a classifier of its last state."""
    net = Net("lstm")
    inputs = [helper.make_tensor_value_info("frames", TensorProto.FLOAT, [20, "batch", 40])]
    net.nodes.append(helper.make_node(
        "LSTM", ["frames", net.weight("lstm.w", 2, 4 * 64, 40), net.weight("lstm.r", 2, 4 * 64, 64),
                 net.weight("lstm.b", 2, 8 * 64)], ["all", "", ""], name="lstm", hidden_size=64,
        direction="bidirectional"))
    x = net.op("Transpose", ["all"], perm=[2, 0, 1, 3])
    x = net.op("Reshape", [x, net.constant([-1, 20, 128])])
    return net.model(inputs, net.linear(x, 128, 10, "fc"), output_rank=3)


def stacked():
    """Two tensors of equal shape put together along each of their axes, and along the heads of a reshaped one."""
    net = Net("stacked")
    inputs = [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["batch", 8, 32])]
    parts = [net.linear("rows", 32, 32, label, bias=False) for label in "ab"]
    long = net.linear(net.op("Concat", parts, axis=1), 32, 16, "long", bias=False)
    wide = net.linear(net.op("Concat", parts, axis=2), 64, 16, "wide", bias=False)
    heads = net.op("Concat", [net.op("Reshape", [part, net.constant([0, 8, 4, 8])]) for part in parts], axis=2)
    heads = net.linear(net.op("Reshape", [heads, net.constant([0, 8, 64])]), 64, 16, "heads", bias=False)
    return net.model(inputs, net.op("Concat", [long, wide, heads], axis=1), output_rank=3)


def masked(tokens=16, width=64, heads=2):
    """Attentions with masks that are stored in the model; each is followed by a projection that says which."""
    net = Net("masked")
    x = "rows"
    inputs = [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["batch", tokens, width])]
    later = [[column > row for column in range(tokens)] for row in range(tokens)]
    far = [[abs(column - row) > 3 for column in range(tokens)] for row in range(tokens)]

    def stored(hidden):
        return net.constant([-1e9 if hides else 0.0 for row in hidden for hides in row], [1, 1, tokens, tokens])

    net.weights.append(helper.make_tensor("kept", TensorProto.BOOL, [1, 1, tokens, tokens],
                                          [not hides for row in later for hides in row]))
    computed = net.op("Where", ["kept", net.constant([0.0], []), net.constant([-1e9], [])])
    masks = {"triangle": stored(later), "computed": computed,
             "without_data": net.weight("float_mask", 1, 1, tokens, tokens), "band": stored(far),
             "nothing": stored([[False] * tokens] * tokens), "bias": net.weight("relative", 1, heads, tokens, tokens)}
    for label, mask in masks.items():
        q, k, v = (net.linear(x, width, width, f"{label}.{part}", bias=False) for part in "qkv")
        y = attention(net, q, k, v, heads, heads, width // heads, mask)
        x = net.linear(y, width, width, label, bias=False)
    return net.model(inputs, x, output_rank=3)


def newer():
    """Operators of opset 21 that Debian's ONNX library does not know, a GRU, and normalisations as operators."""
    net = Net("newer")
    x, inputs = image(net, 8, 8)
    x = net.conv(x, 8, 3)
    x = net.op("GroupNormalization", [x, net.weight("group.weight", 8), net.weight("group.bias", 8)], num_groups=4)
    x = net.op("Reshape", [net.relu(x), net.constant([0, 8, 64])])
    x = net.op("Transpose", [x], perm=[1, 0, 2])
    net.nodes.append(helper.make_node(
        "GRU", [x, net.weight("gru.w", 1, 3 * 16, 64), net.weight("gru.r", 1, 3 * 16, 16),
                net.weight("gru.b", 1, 6 * 16)], ["states"], name="gru", hidden_size=16))
    x = net.op("Transpose", ["states"], perm=[2, 0, 1, 3])
    x = net.op("Reshape", [x, net.constant([-1, 8, 16])])
    x = net.op("LayerNormalization", [x, net.weight("layer.weight", 16), net.weight("layer.bias", 16)], axis=-1)
    return net.model(inputs, net.linear(x, 16, 4, "fc"), opset=21, output_rank=3)


def group_norm(form):
    """Group normalisation as opset 18 has it, as opset 21 has it, and in the parts that exporters write for older
    ones; then with one group, without gain and bias."""
    net = Net(f"group_norm_{form}")
    x, inputs = image(net, 10, 8)
    for label, groups in (("four", 4), ("one", 1)):
        x = net.conv(x, 8, 3, label=f"conv_{label}")
        if form == "parts":
            whole = x
            x = net.op("Reshape", [x, net.constant([0, groups, -1])])
            x = net.op("InstanceNormalization", [x, net.constant([1.0] * groups), net.constant([0.0] * groups)])
            x = net.op("Reshape", [x, net.op("Shape", [whole])])
            if groups > 1:
                x = net.op("Mul", [x, net.weight("four.weight", 8, 1, 1)])
                x = net.op("Add", [x, net.weight("four.bias", 8, 1, 1)], 8)
        else:
            numbers = 8 if form == "21" else groups
            x = net.op("GroupNormalization", [x, net.weight(f"{label}.weight", numbers),
                                              net.weight(f"{label}.bias", numbers)], num_groups=groups)
        net.channels[x] = 8
        x = net.relu(x)
    return net.model(inputs, net.classifier(x, 8, 5), opset={"parts": 17, "18": 18, "21": 21}[form])


def plain():
    """Three convolutions and nothing else: what a topology table of SCALE-Sim can say as well."""
    net = Net("plain")
    x, inputs = image(net, 34)
    x = net.conv(x, 16, 3, 1, 0, label="first")
    x = net.conv(x, 32, 3, 1, 1, label="second")
    return net.model(inputs, net.conv(x, 24, 2, 2, 0, label="third"), output_rank=4)


def operators():
    """A small network with one of everything else that the importer knows."""
    net = Net("operators")
    x, inputs = image(net, 16, 8)
    x = net.conv(x, 8, 3, groups=8, bias=True)
    x = net.op("Conv", [x, net.weight("same.weight", 8, 8, 3, 3)], auto_pad="SAME_UPPER", dilations=[2, 2])
    x = net.op("ConvTranspose", [x, net.weight("up.weight", 8, 12, 2, 2)], 12, strides=[2, 2])
    x = net.op("InstanceNormalization", [x, net.weight("in.weight", 12), net.weight("in.bias", 12)])
    x = net.op("LeakyRelu", [x])
    x = net.op("Pad", [x, net.constant([0, 0, 1, 1, 0, 0, 1, 1])])
    x = net.op("Resize", [x, "", net.constant([1.0, 1.0, 0.5, 0.5])])
    net.nodes.append(helper.make_node("Split", [x, net.constant([4, 8])], ["small", "large"], name="split", axis=1))
    x = net.op("Concat", ["small", net.op("HardSwish", ["large"])], axis=1)
    scale = net.op("Sigmoid", [net.op("GlobalMaxPool", [x])])
    x = net.op("Mul", [x, scale])
    x = net.op("ReduceMean", [net.op("Clip", [x])], axes=[2, 3], keepdims=0)
    return net.model(inputs, net.op("Softmax", [net.gemm(x, 12, 5, "fc")], axis=-1), opset=14)


NETS = {"resnet50": resnet50, "vgg19": vgg19, "alexnet": alexnet, "squeezenet": squeezenet,
        "densenet121": densenet121, "inception_v1": inception_v1, "shufflenet": shufflenet, "gpt2": gpt2,
        "llama_block": llama_block, "bert": bert, "vit_b16": vit_b16, "lstm": lstm, "operators": operators,
        "group_norm_18": lambda: group_norm("18"), "group_norm_21": lambda: group_norm("21"),
        "group_norm_parts": lambda: group_norm("parts"), "plain": plain, "stacked": stacked, "masked": masked, "newer": newer}


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
