// `wafersim kernel`: one kernel on the mesh, wavelet by wavelet, beside its closed form.
#include <optional>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/parse.hpp"
#include "wafersim/config/machine.hpp"
#include "wafersim/report/output.hpp"
#include "wafersim/study/kernel_run.hpp"

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/kernel_request.hpp"
#include "cli/progress.hpp"

namespace wafersim::cli {
namespace {

namespace po = boost::program_options;

constexpr std::uint64_t kLargestNumber = 1'000'000'000;
constexpr double kLongRun = 2;  // seconds that are worth a warning

Usage usage() {
  Usage usage{
      .synopsis = "wafersim kernel NAME [--grid WxH] [--size SIZE] [--format text|json] [-o FILE]",
      .explanation =
          "Runs a kernel on the mesh, every wavelet and every value, and prints its cycles beside the "
          "closed\n"
          "form, exact counts, and what the cycles were spent on. Values are always compared with a plain\n"
          "computation; exit code 1 if they differ.\n\n"
          "examples:\n"
          "  wafersim kernel --list\n"
          "  wafersim kernel reduce.chain --grid 512x1 --size 256\n"
          "  wafersim kernel reduce.two_phase.2d --grid 64x64 --size 128 --set kernel.group=8 --format json\n"
          "  wafersim kernel gemm.mesh --grid 16x16 --size 96x96x96\n"
          "  wafersim kernel broadcast --grid 16x4 --size 8 --trace broadcast.vcd --trace-area 4x2+0+1\n",
      .options = po::options_description{"options"},
      .operands = {"NAME"},
      .required_operands = 0};
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  usage.options.add_options()                                                 //
      ("list", "the names of all kernels")                                    //
      ("grid", text("WxH")->default_value("512x1"), "columns x rows of PEs")  //
      ("size", text("B")->default_value("256"),
       "elements a PE; gemm, spmm, ws: MxKxN; gemv: KxN; attention and layernorm: TxF; stencils: cells a "
       "PE; fft: points along an axis")  //
      ("set", po::value<std::vector<std::string>>()->value_name("KEY=VALUE")->composing(),
       "kernel.dtype: f32, f16 or mixed (FP16, added up in FP32); kernel.group: PEs a group of two_phase\n"
       "and of gemv.ktree; matrix kernels also: kernel.seed, kernel.sparsity and\n"
       "kernel.mask: uniform, N:M, block:SIZE, file:PATH (spmm, ws), kernel.values: whole or\n"
       "fractions; ws also: kernel.accumulators, kernel.entry (edge, ports), kernel.groups,\n"
       "kernel.gradient (delta, weight), kernel.skip_block, kernel.zeros")  //
      ("fidelity", text("NAME")->default_value("wavelet"),
       "wavelet: every PE; folded: of rows that provably do the same, one runs, with the same cycles;\n"
       "flow: the closed form alone")                                                               //
      ("engine", text("NAME"), "fast (the default), or systemc: a module per PE, for small grids")  //
      ("threads", text("N")->default_value("1"), "threads of the fast engine")                      //
      ("trace", text("FILE"),
       "write what routers and PEs do as a waveform (VCD), with the systemc engine")  //
      ("trace-area", text("WxH+X+Y")->default_value("8x1+0+0"), "of these PEs")       //
      ("format", text("NAME")->default_value("text"), "text or json")                 //
      ("output,o", text("FILE"), "write there instead of standard output")            //
      ("check-values", "accepted for scripts: values are always compared")            //
      ("quiet,q", "no messages beside results and errors");
  return usage;
}

template <class T>
T checked(const std::string& option, const wafersim::Parsed<T>& parsed) {
  if (!parsed.value) refuse(option, parsed.problem);
  return *parsed.value;
}

GridSize grid(const std::string& option, const std::string& text) {
  const GridSize size = checked(option, parse_grid(text));
  if (size.columns > kLargestNumber || size.rows > kLargestNumber)
    refuse(option, "the grid is too large: " + text);
  return size;
}

// WxH, or WxH+X+Y for a rectangle that begins at column X and row Y.
Rectangle area(const std::string& text) {
  static const std::string kOption = "--trace-area";
  const auto plus = text.find('+');
  const GridSize size = grid(kOption, text.substr(0, plus));
  Rectangle area{.width = static_cast<std::uint32_t>(size.columns),
                 .height = static_cast<std::uint32_t>(size.rows)};
  if (plus == std::string::npos) return area;
  const auto second = text.find('+', plus + 1);
  if (second == std::string::npos) refuse(kOption, "expected WxH+X+Y, got '" + text + "'");
  area.x = kernel_number(kOption, text.substr(plus + 1, second - plus - 1), 0);
  area.y = kernel_number(kOption, text.substr(second + 1), 0);
  return area;
}

KernelRunRequest request_of(const Parsed& parsed) {
  KernelRunRequest request;
  request.kernel = kernel_request({.name = parsed.operands.front(),
                                   .size = parsed.text("size"),
                                   .grid = grid("--grid", parsed.text("grid")),
                                   .settings = parsed.list("set")});
  const std::string fidelity = one_of(parsed, "fidelity", {"wavelet", "folded", "flow"});
  request.fidelity = fidelity == "wavelet"  ? KernelFidelity::wavelet
                     : fidelity == "folded" ? KernelFidelity::folded
                                            : KernelFidelity::flow;
  request.threads = kernel_number("--threads", parsed.text("threads"));
  const bool traced = parsed.has("trace");
  const std::string engine = parsed.has("engine") ? one_of(parsed, "engine", {"fast", "systemc"})
                             : traced             ? "systemc"
                                                  : "fast";
  request.engine = engine == "fast" ? MeshEngineKind::fast : MeshEngineKind::systemc;
  if (!traced) return request;
  if (engine == "fast") refuse("--trace", "only the systemc engine writes waveforms (--engine systemc)");
  std::string file = parsed.text("trace");
  if (file.ends_with(".vcd")) file.resize(file.size() - 4);  // SystemC adds it
  require_writable(file + ".vcd");
  request.trace = TraceRequest{file, area(parsed.text("trace-area"))};
  return request;
}

void announce(const HostNeed& need, const KernelRunRequest& request, Cycles expected) {
  if (need.cpu_seconds < kLongRun) return;
  say(fmt::format("{} PEs for about {} cycles: about {:.0f} s of CPU time and {:.1f} GiB",
                  grid_of(request.kernel).columns * grid_of(request.kernel).rows, expected.count(),
                  need.cpu_seconds,
                  static_cast<double>(need.memory.count()) / static_cast<double>(1ULL << 30U)));
}

KernelRun simulate(KernelRunRequest request, bool quiet) {
  std::optional<Progress> progress;
  std::optional<Interrupt> interrupt;  // only while the engine runs: it alone looks at the flag
  request.stop = &Interrupt::flag();
  if (!quiet) {
    request.expected = [&](const HostNeed& need, Cycles expected) { announce(need, request, expected); };
    request.progress = [&](double done) { progress->show(done); };
  }
  request.starts = [&] {
    progress.emplace("simulating");
    interrupt.emplace();
  };
  request.ends = [&] {
    interrupt.reset();
    progress.reset();
  };
  return run_kernel(request);
}

std::string all_names() {
  std::string text;
  for (const std::string& name : kernel_names()) text += name + "\n";
  return text;
}

}  // namespace

int kernel_command(const Arguments& arguments) {
  Usage how = usage();
  const Parsed parsed = parse(how, arguments);
  if (parsed.help) return 0;
  if (parsed.has("list")) {
    print(all_names());
    return 0;
  }
  if (parsed.operands.empty()) refuse("command line", "NAME is missing; wafersim kernel --list shows all");
  const std::string format = one_of(parsed, "format", {"text", "json"});
  check_outputs(parsed, {"output"});
  const KernelRunRequest request = request_of(parsed);
  const KernelRun run = simulate(request, parsed.has("quiet"));
  if (run.interrupted) {
    say("interrupted: no result");
    return Interrupt::kExitCode;
  }
  deliver(parsed, format == "json" ? write_json(run.report) : write_text(run.report));
  if (run.deadlock) {
    say(*run.deadlock);
    return 4;
  }
  return run.report.values_match.value_or(true) ? 0 : 1;
}

}  // namespace wafersim::cli
