// Older exporters write a normalisation as the nine operators it consists of; here they become one again.
#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "workload/onnx_walk.hpp"

namespace wafersim::workload_detail {
namespace {

class Fuser {
 public:
  explicit Fuser(OnnxModel model) : model_{std::move(model)} {
    for (std::size_t i = 0; i < model_.nodes.size(); ++i) {
      for (const std::string& output : model_.nodes[i].outputs) maker_[output] = i;
      for (const std::string& input : model_.nodes[i].inputs) users_[input].push_back(i);
    }
    for (const std::string& output : model_.outputs) users_[output].push_back(model_.nodes.size());
  }

  OnnxModel run() {
    for (std::size_t i = 0; i < model_.nodes.size(); ++i) {
      const std::string& op = model_.nodes[i].op;
      if (op == "Div") layer_norm(i);
      if (op == "Mul") rms_norm(i);
      if (op == "InstanceNormalization") group_norm(i);
      if (op == "Erf") gelu(i);
      if (op == "Sigmoid") silu(i);
    }
    std::vector<OnnxNode> left;
    for (std::size_t i = 0; i < model_.nodes.size(); ++i) {
      if (!gone_.contains(i)) left.push_back(std::move(model_.nodes[i]));
    }
    model_.nodes = std::move(left);
    return std::move(model_);
  }

 private:
  // The node that makes a value, if it is of that kind.
  [[nodiscard]] std::optional<std::size_t> made_by(const std::string& value, const std::string& op) const {
    const auto maker = maker_.find(value);
    if (maker == maker_.end() || model_.nodes[maker->second].op != op) return std::nullopt;
    return maker->second;
  }
  // The only node that takes a value, if it is of that kind.
  [[nodiscard]] std::optional<std::size_t> only_user(std::size_t node, const std::string& op) const {
    if (model_.nodes[node].outputs.size() != 1) return std::nullopt;
    const auto users = users_.find(model_.nodes[node].outputs.front());
    if (users == users_.end() || users->second.size() != 1 || users->second.front() >= model_.nodes.size())
      return std::nullopt;
    return model_.nodes[users->second.front()].op == op ? std::optional{users->second.front()} : std::nullopt;
  }
  [[nodiscard]] const std::string& in(std::size_t node, std::size_t index) const {
    static const std::string kNone;
    const auto& inputs = model_.nodes[node].inputs;
    return index < inputs.size() ? inputs[index] : kNone;
  }
  [[nodiscard]] bool is_weight(const std::string& name) const { return model_.weights.contains(name); }
  [[nodiscard]] const Dims* dims_of(const std::string& name) const {
    const auto known = model_.shapes.find(name);
    return known == model_.shapes.end() ? nullptr : &known->second.dims;
  }
  // The operand of a sum or product that is a weight, and the other one.
  [[nodiscard]] std::optional<std::string> weight_of(std::size_t node) const {
    if (is_weight(in(node, 1))) return in(node, 1);
    if (is_weight(in(node, 0))) return in(node, 0);
    return std::nullopt;
  }
  // sqrt(mean(x²) + e): the nodes from the square on, if `value` is that of `of`.
  [[nodiscard]] std::optional<std::vector<std::size_t>> root_mean_square(const std::string& value,
                                                                         std::string& of) const {
    const auto root = made_by(value, "Sqrt");
    if (!root) return std::nullopt;
    const auto sum = made_by(in(*root, 0), "Add");
    if (!sum) return std::nullopt;
    auto mean = made_by(in(*sum, 0), "ReduceMean");
    if (!mean) mean = made_by(in(*sum, 1), "ReduceMean");
    if (!mean) return std::nullopt;
    auto square = made_by(in(*mean, 0), "Pow");
    if (!square) square = made_by(in(*mean, 0), "Mul");
    if (!square) return std::nullopt;
    of = in(*square, 0);
    return std::vector{*root, *sum, *mean, *square};
  }
  void replace(std::size_t node, OnnxNode by, const std::vector<std::size_t>& parts) {
    gone_.insert(parts.begin(), parts.end());
    gone_.erase(node);
    model_.nodes[node] = std::move(by);
  }
  // Gain and bias that follow; extends `parts` and gives the last node.
  std::size_t take_affine(std::size_t last, OnnxNode& norm, std::vector<std::size_t>& parts) const {
    const auto gain = only_user(last, "Mul");
    if (!gain || !weight_of(*gain)) return last;
    norm.inputs.push_back(*weight_of(*gain));
    parts.push_back(*gain);
    const auto bias = only_user(*gain, "Add");
    if (!bias || !weight_of(*bias) || norm.op == "RMSNormalization") return *gain;
    norm.inputs.push_back(*weight_of(*bias));
    parts.push_back(*bias);
    return *bias;
  }

  // (x − mean(x)) / sqrt(mean((x − mean(x))²) + e) · gain + bias
  void layer_norm(std::size_t divide) {
    const auto centred = made_by(in(divide, 0), "Sub");
    if (!centred) return;
    const auto mean = made_by(in(*centred, 1), "ReduceMean");
    if (!mean || in(*mean, 0) != in(*centred, 0)) return;
    std::string of;
    const auto root = root_mean_square(in(divide, 1), of);
    // Some exporters subtract twice.
    const auto again = root ? made_by(of, "Sub") : std::nullopt;
    if (!again || in(*again, 0) != in(*centred, 0)) return;
    OnnxNode norm{.name = model_.nodes[divide].name,
                  .op = "LayerNormalization",
                  .inputs = {in(*centred, 0)},
                  .outputs = {},
                  .ints = {},
                  .texts = {}};
    std::vector<std::size_t> parts{divide, *centred, *mean, *again};
    parts.insert(parts.end(), root->begin(), root->end());
    const std::size_t last = take_affine(divide, norm, parts);
    norm.outputs = model_.nodes[last].outputs;
    replace(last, std::move(norm), parts);
  }

  // x · (1 / sqrt(mean(x²) + e)) · gain
  void rms_norm(std::size_t multiply) {
    for (const std::size_t side : {0U, 1U}) {
      auto inverse = made_by(in(multiply, side), "Reciprocal");
      std::size_t root_at = 0;
      if (!inverse) {
        inverse = made_by(in(multiply, side), "Div");
        root_at = 1;
      }
      if (!inverse) continue;
      std::string of;
      const auto root = root_mean_square(in(*inverse, root_at), of);
      const std::string& x = in(multiply, 1 - side);
      if (!root || of != x) continue;
      OnnxNode norm{.name = model_.nodes[multiply].name,
                    .op = "RMSNormalization",
                    .inputs = {x},
                    .outputs = {},
                    .ints = {},
                    .texts = {}};
      std::vector<std::size_t> parts{multiply, *inverse};
      parts.insert(parts.end(), root->begin(), root->end());
      const std::size_t last = take_affine(multiply, norm, parts);
      norm.outputs = model_.nodes[last].outputs;
      replace(last, std::move(norm), parts);
      return;
    }
  }

  // Channels put together as N x groups x rest, each group normalised as if it were one channel, with a gain
  // of 1 and a bias of 0; then back to the shape of x, · gain + bias of each channel
  void group_norm(std::size_t instance) {
    const auto apart = made_by(in(instance, 0), "Reshape");
    const auto back = only_user(instance, "Reshape");
    if (!apart || !back || !only_user(*apart, "InstanceNormalization")) return;
    const Dims* of = dims_of(in(*apart, 0));
    const Dims* in_groups = dims_of(in(instance, 0));
    const Dims* after = dims_of(model_.nodes[*back].outputs.front());
    if (of == nullptr || in_groups == nullptr || after == nullptr || *after != *of) return;
    if (of->size() < 3 || in_groups->size() != 3 || of->front() != in_groups->front()) return;
    OnnxNode norm{.name = model_.nodes[instance].name,
                  .op = "GroupNormalization",
                  .inputs = {in(*apart, 0)},
                  .outputs = {},
                  .ints = {{"num_groups", {static_cast<std::int64_t>((*in_groups)[1])}}},
                  .texts = {}};
    std::vector<std::size_t> parts{instance, *apart, *back};
    std::size_t last = *back;
    const auto gain = only_user(*back, "Mul");
    const auto weight = gain ? weight_of(*gain) : std::nullopt;
    // A product with anything else is one of its own.
    if (weight && numbers_of(model_.weights.at(*weight).dims) == (*of)[1])
      last = take_affine(*back, norm, parts);
    norm.outputs = model_.nodes[last].outputs;
    replace(last, std::move(norm), parts);
  }

  // x · (1 + erf(x / sqrt(2))) · 1/2, in either order of the products
  void gelu(std::size_t erf) {
    const auto scaled = made_by(in(erf, 0), "Div");
    const auto sum = only_user(erf, "Add");
    const auto first = sum ? only_user(*sum, "Mul") : std::nullopt;
    if (!scaled || !first) return;
    const std::string x = in(*scaled, 0);
    std::vector<std::size_t> parts{erf, *scaled, *sum, *first};
    std::size_t last = *first;
    if (const auto second = only_user(*first, "Mul")) {
      parts.push_back(*second);
      last = *second;
    }
    for (const std::size_t part : std::vector{parts}) {
      for (const std::string& input : model_.nodes[part].inputs) {
        if (const auto half = made_by(input, "Mul"); half && in(*half, 0) == x && is_weight(in(*half, 1)))
          parts.push_back(*half);
      }
    }
    replace(last,
            {.name = model_.nodes[erf].name,
             .op = "Gelu",
             .inputs = {x},
             .outputs = model_.nodes[last].outputs,
             .ints = {},
             .texts = {}},
            parts);
  }

  // x · sigmoid(x)
  void silu(std::size_t sigmoid) {
    const auto product = only_user(sigmoid, "Mul");
    if (!product) return;
    const std::string x = in(sigmoid, 0);
    if (in(*product, 0) != x && in(*product, 1) != x) return;
    replace(*product,
            {.name = model_.nodes[sigmoid].name,
             .op = "Silu",
             .inputs = {x},
             .outputs = model_.nodes[*product].outputs,
             .ints = {},
             .texts = {}},
            {sigmoid, *product});
  }

  OnnxModel model_;
  std::map<std::string, std::size_t> maker_;
  std::map<std::string, std::vector<std::size_t>> users_;
  std::set<std::size_t> gone_;
};

}  // namespace

OnnxModel fuse_parts(OnnxModel model) {
  return Fuser{std::move(model)}.run();
}

}  // namespace wafersim::workload_detail
