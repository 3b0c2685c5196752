// All-reduce on a ring: chunks travel round once to be added up, and once more to be known everywhere.
#include <algorithm>

#include "wafersim/base/wide.hpp"

#include "collective_builder.hpp"
#include "collective_values.hpp"
#include "published.hpp"

namespace wafersim {
namespace {

// Fewer cannot keep the core busy (two: up to 25 % of its beats are lost); more would gain less than 1 %.
constexpr std::uint32_t kTracks = 4;

class Ring {
 public:
  explicit Ring(const CollectiveRequest& request)
      : request_{request}, format_{request}, nodes_{static_cast<std::uint32_t>(request.grid.columns)} {
    for (std::uint32_t c = 0; c <= nodes_; ++c) {
      begins_.push_back(static_cast<std::uint32_t>(std::uint64_t{c} * format_.words() / nodes_));
    }
    pieces_ = count_pieces();
    tracks_ = std::min(pieces_, kTracks);
  }

  Collective run() {
    const ProgramStyle style = tracks_ == 1 ? ProgramStyle::counted : ProgramStyle::tracks;
    CollectiveBuilder builder{request_, style};
    for (std::uint32_t track = 0; track < tracks_; ++track) paint(builder.layout(), track);
    const auto rows = static_cast<std::uint32_t>(request_.grid.rows);
    for (std::uint32_t i = 0; i < nodes_; ++i) builder.add_steps({.x = column(i), .height = rows}, steps(i));
    Collective result = builder.build();
    for (std::uint32_t y = 0; y < rows; ++y) {
      for (std::uint32_t x = 0; x < nodes_; ++x) result.results.push_back({x, y});
    }
    result.last = result.results;
    result.expected = [of_row = remembered([*this](std::uint32_t y) { return sum(y); })](PeAt at) {
      return of_row(at.y);
    };
    const StyleCosts costs = costs_of(style, request_.parameters);
    const CycleShares widening = format_.widening_cycles();
    result.pe_costs = costs.start + widening.tasks + costs.finish;
    result.closed_form = widening.sum() + end(costs) + costs.finish;
    result.published = published::ring_allreduce(nodes_, format_.words(), request_.parameters.ramp_cycles);
    return result;
  }

 private:
  // In words.
  struct Part {
    std::uint32_t begin{};
    std::uint32_t length{};
  };
  [[nodiscard]] Part part_of(std::uint32_t chunk, std::uint32_t piece) const {
    const std::uint32_t size = begins_[chunk + 1] - begins_[chunk];
    const auto cut = [&](std::uint32_t i) {
      return begins_[chunk] + static_cast<std::uint32_t>(std::uint64_t{i} * size / pieces_);
    };
    return {cut(piece), cut(piece + 1) - cut(piece)};
  }
  [[nodiscard]] std::uint32_t chunk(std::uint32_t node, std::uint32_t step) const {
    return (node + 2 * nodes_ - step) % nodes_;
  }
  // The ring lies folded on the row, so that its neighbours are at most two PEs apart: eastward over the even
  // columns, back over the odd ones.
  [[nodiscard]] std::uint32_t column(std::uint32_t node) const {
    return goes_east(node) ? 2 * node : 2 * (nodes_ - 1 - node) + 1;
  }
  [[nodiscard]] bool goes_east(std::uint32_t node) const { return node < (nodes_ + 1) / 2; }
  [[nodiscard]] std::uint32_t after(std::uint32_t node) const { return (node + 1) % nodes_; }
  [[nodiscard]] std::uint32_t before(std::uint32_t node) const { return (node + nodes_ - 1) % nodes_; }
  // Four colors a track: even and odd nodes, there and back.
  [[nodiscard]] Color sends_on(std::uint32_t node, std::uint32_t track) const {
    return Color{static_cast<std::uint8_t>(4 * track + (goes_east(node) ? 0 : 2) + node % 2)};
  }

  void paint(Layout& layout, std::uint32_t track) const {
    const auto rows = static_cast<std::uint32_t>(request_.grid.rows);
    for (std::uint32_t node = 0; node < nodes_; ++node) {
      const std::uint32_t from = column(node);
      const std::uint32_t to = column(after(node));
      const Port ahead = to > from ? Port::east : Port::west;
      const Color color = sends_on(node, track);
      layout.route(color, {.x = from, .height = rows}, {{Port::ramp, ahead}});
      if (to == from + 2 || from == to + 2)
        layout.route(color, {.x = (from + to) / 2, .height = rows}, {{opposite(ahead), ahead}});
      layout.route(color, {.x = to, .height = rows}, {{opposite(ahead), Port::ramp}});
    }
  }

  // All PEs send at once, so what they send must fit the queues of two cores until the next PE has its own
  // out of the way; the routers between them stay free, else nothing could move any more. Longer chunks are
  // cut into pieces, and the pieces go round on tracks of their own: while an instruction of one starts up or
  // waits, the others have the core's beats.
  [[nodiscard]] std::uint32_t count_pieces() const {
    const auto chunk_length = static_cast<std::uint32_t>(divide_up(format_.words(), nodes_));
    const MeshParameters& p = request_.parameters;
    const std::uint32_t room = p.input_queue_depth + p.output_queue_depth + 2 * p.ramp_cycles;
    return chunk_length <= room
               ? 1
               : kTracks * static_cast<std::uint32_t>(divide_up(chunk_length, kTracks * room));
  }

  [[nodiscard]] std::vector<VectorInstruction> steps(std::uint32_t node) const {
    std::vector<VectorInstruction> result;
    for (std::uint32_t piece = 0; piece < pieces_; piece += tracks_) {
      for (std::uint32_t step = 0; nodes_ > 1 && step + 1 < 2 * nodes_; ++step) {
        for (std::uint32_t track = 0; track < tracks_; ++track) {
          const Part part = part_of(chunk(node, step), piece + track);
          if (part.length != 0) result.push_back(instruction(node, step, track, part));
        }
      }
    }
    for (std::uint32_t track = 0; tracks_ > 1 && track < tracks_; ++track) {
      result[result.size() - tracks_ + track].when_done = TaskId{static_cast<std::uint8_t>(1 + track)};
    }
    return result;
  }

  // Step s handles the chunk that began s PEs back; from step P - 1 on it is complete.
  [[nodiscard]] VectorInstruction instruction(std::uint32_t node, std::uint32_t step, std::uint32_t track,
                                              const Part& part) const {
    const MemoryVector own{.address = 4 * part.begin};
    const FabricInput in{sends_on(before(node), track)};
    VectorInstruction it{.precision = format_.sums(),
                         .to = FabricOutput{sends_on(node, track)},
                         .a = in,
                         .length = format_.elements_of(part.length)};
    if (step == 0) {
      it.a = own;
    } else if (step < nodes_) {
      it.operation = Operation::add;
      it.a = own;
      it.b = in;
    }
    if (step + 2 == 2 * nodes_) {
      it.to = own;
    } else if (step + 1 >= nodes_) {
      it.copy_to = own;
    }
    if (tracks_ > 1) it.thread = Microthread{static_cast<std::uint8_t>(track)};
    return it;
  }

  [[nodiscard]] Words sum(std::uint32_t y) const {
    std::uint32_t c = 0;
    return format_.packed([&](std::uint32_t k) {
      while (k >= format_.elements_of(begins_[c + 1])) ++c;
      std::uint32_t value = format_.initial_element({column(c), y}, k);
      for (std::uint32_t i = 1; i < nodes_; ++i) {
        value = format_.add(format_.initial_element({column((c + i) % nodes_), y}, k), value);
      }
      return value;
    });
  }

  // A step begins when the PE is done with the step before and the first wavelet has come. The pieces of all
  // tracks count as one: all their start-ups but the first hide behind each other.
  [[nodiscard]] std::uint64_t end(const StyleCosts& costs) const {
    const std::uint64_t ramps = 2ULL * request_.parameters.ramp_cycles + 1;
    std::vector<std::uint64_t> first(nodes_, 0), free(nodes_, costs.start), sent(nodes_, 0);
    std::uint64_t last = costs.start;
    for (std::uint32_t piece = 0; piece < pieces_; piece += tracks_) {
      for (std::uint32_t step = 0; nodes_ > 1 && step + 1 < 2 * nodes_; ++step) {
        for (std::uint32_t i = 0; i < nodes_; ++i) {
          const std::uint32_t from = before(i);
          const std::uint64_t hops = std::max(column(from), column(i)) - std::min(column(from), column(i));
          std::uint32_t length = 0;
          for (std::uint32_t track = 0; track < tracks_; ++track)
            length += part_of(chunk(i, step), piece + track).length;
          first[i] = length == 0 ? 0 : step == 0 ? free[i] : std::max(free[i], sent[from] + ramps + hops);
          if (length == 0) continue;
          free[i] = first[i] + length;
          if (tracks_ == 1 || (piece == 0 && step == 0)) free[i] += costs.between;
          last = std::max(last, first[i] + length);
        }
        sent = first;
      }
    }
    return last;
  }

  const CollectiveRequest request_;
  VectorFormat format_;
  std::uint32_t nodes_;
  std::vector<std::uint32_t> begins_;  // of each chunk, and the end; in words
  std::uint32_t pieces_{};             // a chunk
  std::uint32_t tracks_{};
};

}  // namespace

Collective make_ring(const CollectiveRequest& request) {
  return Ring{request}.run();
}

}  // namespace wafersim
