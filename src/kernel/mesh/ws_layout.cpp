// Routes of the weights, and the PEs that play the ports.
#include "ws_layout.hpp"

#include <algorithm>

namespace wafersim {
namespace {

// Sends a column's stream as it is.
Program port_program(const std::vector<WeightWavelet>& stream) {
  const auto length = static_cast<std::uint32_t>(stream.size());
  auto controls = std::make_shared<std::vector<bool>>();
  for (const WeightWavelet& wavelet : stream) controls->push_back(wavelet.control);
  const FabricOutput out{kWeightColor, LastWavelet::plain, 0, std::move(controls)};
  return {
      .name = "port",
      .memory_bytes = 4 * length,
      .tasks = {{.name = "send",
                 .body = {VectorInstruction{.to = out, .a = MemoryVector{.address = 0}, .length = length}}}},
      .entry = TaskId{0},
      .stands_in = true};
}

}  // namespace

void paint_weights(Layout& layout, const WsGrid& grid, WeightEntry entry, const WeightStreams& streams) {
  for (std::uint32_t column = 0; column < grid.columns(); ++column) {
    const std::uint32_t x = grid.place(column);
    if (entry == WeightEntry::ports) {
      layout.program(Rectangle::pe({x, 0}), port_program(streams[column]));
      layout.route(kWeightColor, Rectangle::pe({x, 0}), {{Port::ramp, Port::south}});
    } else {
      const std::uint32_t row = grid.crossing_row(column);
      layout.input(kWeightColor, Rectangle::pe({0, row}), Port::west);
      if (x > 0) layout.route(kWeightColor, {.y = row, .width = x}, {{Port::west, Port::east}});
      layout.route(kWeightColor, Rectangle::pe({x, row}), {{Port::west, Port::south}});
      if (row + 1 < grid.top()) {
        layout.route(kWeightColor, {.x = x, .y = row + 1, .height = grid.top() - row - 1},
                     {{Port::north, Port::south}});
      }
    }
    Rectangle computing = grid.column(column);
    layout.route(kWeightColor, Rectangle::pe({x, computing.y + computing.height - 1}),
                 {{Port::north, Port::ramp}});
    if (--computing.height > 0)
      layout.route(kWeightColor, computing, {{Port::north, Port::ramp | Port::south}});
  }
}

void slow_down(MeshPlan& plan, const WsGrid& grid, const WsRequest& request) {
  if (!request.slow) return;
  const PeAt at = grid.at(request.slow->column, request.slow->row);
  Program program = plan.program_at(at);
  for (Task& task : program.tasks) {
    if (task.started_by) task.body.insert(task.body.begin(), ScalarInstructions{request.slow->cycles});
  }
  plan.program_map[plan.index_of(at)] = static_cast<std::uint16_t>(plan.programs.size());
  plan.programs.push_back(std::move(program));
}

void load_weights(MeshEngine& engine, const WsGrid& grid, WeightEntry entry, const WeightStreams& streams) {
  for (std::uint32_t x = 0; x < grid.columns(); ++x) {
    if (entry == WeightEntry::ports) {
      std::vector<std::uint32_t> words;
      for (const WeightWavelet& wavelet : streams[x]) words.push_back(wavelet.value);
      engine.write_memory({grid.place(x), 0}, 0, words);
      continue;
    }
    std::vector<EdgeWavelet> line;
    for (const WeightWavelet& wavelet : streams[x]) {
      line.push_back(
          {.cycle = Cycles{}, .color = kWeightColor, .value = wavelet.value, .control = wavelet.control});
    }
    engine.inject({.row = grid.crossing_row(x), .side = Port::west}, line);
  }
}

}  // namespace wafersim
