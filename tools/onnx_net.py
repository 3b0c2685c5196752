"""What the networks of make_onnx.py are put together from: operators, weights without data, attention."""
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
