// Routes of the weights, and the PEs that play the ports.
#include "ws_layout.hpp"

#include <algorithm>

namespace wafersim {
namespace {

// Sends a column's stream; a control wavelet ends an instruction.
Program port_program(const std::vector<WeightWavelet>& stream) {
  Program program{.name = "port",
                  .memory_bytes = static_cast<std::uint32_t>(4 * stream.size()),
                  .tasks = {{.name = "send"}},
                  .entry = TaskId{0}};
  std::uint32_t begins = 0;
  for (std::uint32_t i = 0; i < stream.size(); ++i) {
    if (!stream[i].control && i + 1 < stream.size()) continue;
    const LastWavelet last = stream[i].control ? LastWavelet::control : LastWavelet::plain;
    program.tasks[0].body.push_back(VectorInstruction{.to = FabricOutput{kWeightColor, last},
                                                      .a = MemoryVector{.address = 4 * begins},
                                                      .length = i + 1 - begins});
    begins = i + 1;
  }
  return program;
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
