// Estimates of memory and time. The speeds are of docs/performance.md; nothing but messages depends on them.
#include "wafersim/mesh/host.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sys/sysinfo.h>

#include "wafersim/base/error.hpp"

namespace wafersim {
namespace {

constexpr std::uint64_t kHostLineBytes = 64;

struct EngineCosts {
  std::uint64_t bytes_per_pe;  // beside what programs declare
  double pe_cycles_per_second;
};

// The fast engine's state is at most 256 bytes a PE in every kernel, which a test holds it to. A SystemC
// module with its ports, signals and queues takes 20 to 25 KB (measured).
[[nodiscard]] EngineCosts costs_of(MeshEngineKind kind) {
  return kind == MeshEngineKind::fast ? EngineCosts{256, 200e6} : EngineCosts{25'000, 0.4e6};
}

[[nodiscard]] double in_gib(Bytes bytes) {
  return static_cast<double>(bytes.count()) / static_cast<double>(1ULL << 30U);
}

}  // namespace

Bytes host_memory_for(GridSize grid, MeshEngineKind kind) {
  return Bytes{costs_of(kind).bytes_per_pe} * grid.columns * grid.rows;
}

HostNeed host_need(const MeshPlan& plan, Cycles expected, MeshEngineKind kind) {
  std::vector<std::uint64_t> pes(plan.programs.size());
  for (const std::uint16_t program : plan.program_map) ++pes[program];
  Bytes memory = host_memory_for(plan.grid, kind);
  for (std::size_t i = 1; i < pes.size(); ++i) {
    // Memories begin on lines of the host's cache, an odd number of lines apart.
    const std::uint64_t lines = (plan.programs[i].memory_bytes + kHostLineBytes - 1) / kHostLineBytes;
    if (lines > 0) memory += Bytes{(lines | 1U) * kHostLineBytes} * pes[i];
  }
  const std::uint64_t maps = 1 + plan.colors.size();
  memory += Bytes{2} * maps * plan.program_map.size();
  const double pe_cycles =
      static_cast<double>(plan.program_map.size()) * static_cast<double>(expected.count());
  return {memory, pe_cycles / costs_of(kind).pe_cycles_per_second};
}

Bytes host_memory() {
  struct sysinfo machine {};
  sysinfo(&machine);
  return Bytes{machine.totalram} * machine.mem_unit;
}

void require_host_memory(Bytes needed, GridSize grid, Bytes available) {
  if (needed <= available) return;
  const std::uint64_t pes = grid.columns * grid.rows;
  const auto share = static_cast<double>(available.count()) / static_cast<double>(needed.count());
  throw DoesNotFit{fmt::format("{} PEs need {:.1f} GiB, this computer has {:.1f} GiB: about {} PEs would fit",
                               pes, in_gib(needed), in_gib(available),
                               static_cast<std::uint64_t>(share * static_cast<double>(pes)))};
}

}  // namespace wafersim
