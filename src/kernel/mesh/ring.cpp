// All-reduce on a ring: chunks travel round once to be added up, and once more to be known everywhere.
#include <algorithm>

#include "wafersim/base/wide.hpp"

#include "collective_builder.hpp"
#include "collective_values.hpp"
#include "published.hpp"

namespace wafersim {
namespace {

constexpr Color kWrap{2};  // from the last PE of the row back to the first

class Ring {
 public:
  explicit Ring(const CollectiveRequest& request)
      : request_{request}, nodes_{static_cast<std::uint32_t>(request.grid.columns)} {
    for (std::uint32_t c = 0; c <= nodes_; ++c) {
      begins_.push_back(static_cast<std::uint32_t>(std::uint64_t{c} * request.length / nodes_));
    }
  }

  Collective run() {
    CollectiveBuilder builder{request_, ProgramStyle::timed};
    paint(builder.layout());
    const auto rows = static_cast<std::uint32_t>(request_.grid.rows);
    for (std::uint32_t i = 0; i < nodes_; ++i) builder.add_steps({.x = i, .height = rows}, steps(i));
    Collective result;
    result.plan = builder.build();
    result.length = request_.length;
    for (std::uint32_t y = 0; y < rows; ++y) {
      for (std::uint32_t x = 0; x < nodes_; ++x) result.results.push_back({x, y});
    }
    result.last = result.results;
    result.expected = [of_row = remembered([*this](std::uint32_t y) { return sum(y); })](PeAt at) {
      return of_row(at.y);
    };
    const StyleCosts costs = costs_of(ProgramStyle::timed, request_.parameters);
    result.fixed = costs.start + costs.finish;
    result.closed_form = end(costs) + costs.finish;
    result.published = published::ring_allreduce(nodes_, request_.length, request_.parameters.ramp_cycles);
    return result;
  }

 private:
  [[nodiscard]] std::uint32_t size(std::uint32_t chunk) const { return begins_[chunk + 1] - begins_[chunk]; }
  [[nodiscard]] MemoryVector memory(std::uint32_t chunk) const { return {.address = begins_[chunk] * 4}; }
  [[nodiscard]] std::uint32_t chunk(std::uint32_t node, std::uint32_t step) const {
    return (node + 2 * nodes_ - step) % nodes_;
  }
  [[nodiscard]] Color sends_on(std::uint32_t node) const {
    return node + 1 == nodes_ ? kWrap : Color{static_cast<std::uint8_t>(node % 2)};
  }

  void paint(Layout& layout) const {
    const auto rows = static_cast<std::uint32_t>(request_.grid.rows);
    if (nodes_ == 1) return;
    for (std::uint32_t i = 0; i + 1 < nodes_; ++i) {
      layout.route(sends_on(i), {.x = i, .height = rows}, {{Port::ramp, Port::east}});
      layout.route(sends_on(i), {.x = i + 1, .height = rows}, {{Port::west, Port::ramp}});
    }
    layout.route(kWrap, {.x = nodes_ - 1, .height = rows}, {{Port::ramp, Port::west}});
    if (nodes_ > 2)
      layout.route(kWrap, {.x = 1, .width = nodes_ - 2, .height = rows}, {{Port::east, Port::west}});
    layout.route(kWrap, {.height = rows}, {{Port::east, Port::ramp}});
  }

  // All PEs send at once, so a chunk must wait somewhere until the next PE has its own out of the way: in the
  // queues if they hold it, else in memory.
  [[nodiscard]] bool fits_the_queues() const {
    const MeshParameters& p = request_.parameters;
    return divide_up(request_.length, nodes_) <=
           p.input_queue_depth + p.output_queue_depth + 2 * p.ramp_cycles;
  }

  [[nodiscard]] std::vector<VectorInstruction> steps(std::uint32_t node) const {
    return fits_the_queues() ? streaming_steps(node) : storing_steps(node);
  }

  // A microthread sends the chunk that the step before has completed, while the task receives the next.
  [[nodiscard]] std::vector<VectorInstruction> storing_steps(std::uint32_t node) const {
    std::vector<VectorInstruction> result;
    for (std::uint32_t step = 0; step + 2 < 2 * nodes_; ++step) {
      const std::uint32_t sent = chunk(node, step);
      const std::uint32_t received = chunk(node, step + 1);
      const FabricInput in{sends_on((node + nodes_ - 1) % nodes_)};
      result.push_back({.to = FabricOutput{sends_on(node)},
                        .a = memory(sent),
                        .length = size(sent),
                        .thread = Microthread{0}});
      VectorInstruction receive{.to = memory(received), .a = in, .length = size(received)};
      if (step + 1 < nodes_) {
        receive.operation = Operation::add;
        receive.a = memory(received);
        receive.b = in;
      }
      result.push_back(receive);
    }
    return result;
  }

  // Step s handles the chunk that began s PEs back; from step P - 1 on it is complete.
  [[nodiscard]] std::vector<VectorInstruction> streaming_steps(std::uint32_t node) const {
    std::vector<VectorInstruction> result;
    const FabricOutput out{sends_on(node)};
    const FabricInput in{sends_on((node + nodes_ - 1) % nodes_)};
    for (std::uint32_t step = 0; nodes_ > 1 && step + 1 < 2 * nodes_; ++step) {
      const std::uint32_t c = chunk(node, step);
      if (size(c) == 0) continue;
      const MemoryVector own = memory(c);
      VectorInstruction it{.length = size(c)};
      if (step == 0) {
        it.to = out;
        it.a = own;
      } else if (step < nodes_) {
        it.operation = Operation::add;
        it.to = out;
        it.a = own;
        it.b = in;
        if (step + 1 == nodes_) it.copy_to = own;
      } else {
        it.a = in;
        it.to = out;
        it.copy_to = own;
        if (step + 2 == 2 * nodes_) {
          it.to = own;
          it.copy_to.reset();
        }
      }
      result.push_back(it);
    }
    return result;
  }

  [[nodiscard]] Words sum(std::uint32_t y) const {
    Words words(request_.length);
    for (std::uint32_t c = 0; c < nodes_; ++c) {
      for (std::uint32_t k = begins_[c]; k < begins_[c + 1]; ++k) {
        float value = initial_value({c, y}, k);
        for (std::uint32_t i = 1; i < nodes_; ++i) value = initial_value({(c + i) % nodes_, y}, k) + value;
        words[k] = std::bit_cast<std::uint32_t>(value);
      }
    }
    return words;
  }

  // One beat a cycle for sending and receiving both, and the way from core to core between two steps.
  [[nodiscard]] std::uint64_t storing_end(const StyleCosts& costs) const {
    const std::uint64_t chunk_length = divide_up(request_.length, nodes_);
    const std::uint64_t way = 2ULL * request_.parameters.ramp_cycles + 2;
    const std::uint64_t step = 2 * chunk_length + way + request_.parameters.control_cycles;
    return costs.start + 2 * (nodes_ - 1) * step + 2 * (nodes_ - 2);
  }

  // A step begins when the PE is done with the step before and the first wavelet has come.
  [[nodiscard]] std::uint64_t end(const StyleCosts& costs) const {
    if (nodes_ > 1 && !fits_the_queues()) return storing_end(costs);
    const std::uint64_t ramps = 2ULL * request_.parameters.ramp_cycles + 1;
    std::vector<std::uint64_t> first(nodes_, 0), free(nodes_, costs.start), sent(nodes_, 0);
    std::uint64_t last = costs.start;
    for (std::uint32_t step = 0; nodes_ > 1 && step + 1 < 2 * nodes_; ++step) {
      for (std::uint32_t i = 0; i < nodes_; ++i) {
        const std::uint32_t from = (i + nodes_ - 1) % nodes_;
        const std::uint64_t hops = i == 0 ? nodes_ - 1 : 1;
        const std::uint32_t length = size(chunk(i, step));
        first[i] = length == 0 ? 0 : step == 0 ? free[i] : std::max(free[i], sent[from] + ramps + hops);
        if (length == 0) continue;
        free[i] = first[i] + length + costs.between;
        last = std::max(last, first[i] + length);
      }
      sent = first;
    }
    return last;
  }

  const CollectiveRequest request_;
  std::uint32_t nodes_;
  std::vector<std::uint32_t> begins_;  // of each chunk, and the end
};

}  // namespace

Collective make_ring(const CollectiveRequest& request) {
  return Ring{request}.run();
}

}  // namespace wafersim
