"""Small networks that hold what the importer of ONNX must understand beside the well-known ones of make_onnx.py."""
from onnx import TensorProto, helper

from onnx_net import Net, attention, image


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


CASES = {"lstm": lstm, "operators": operators, "plain": plain, "stacked": stacked, "masked": masked, "newer": newer,
         "group_norm_18": lambda: group_norm("18"), "group_norm_21": lambda: group_norm("21"),
         "group_norm_parts": lambda: group_norm("parts")}
