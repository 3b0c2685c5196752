// `wafersim kernel`: one collective on the wavelet engine, beside its closed form.
#include <chrono>
#include <csignal>
#include <ctime>
#include <iostream>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "wafersim/base/parse.hpp"
#include "wafersim/kernel/mesh/collective.hpp"
#include "wafersim/mesh/deadlock.hpp"
#include "wafersim/wafer/reference/reference_mesh.hpp"

#include "cli/mesh_commands.hpp"

namespace wafersim {
namespace {

constexpr int kInterrupted = 130;  // 128 + SIGINT, as shells do
constexpr std::uint64_t kStateBytesPerPe = 256;
constexpr std::uint64_t kReferenceLimit = 20'000;  // PEs that SystemC modules are still bearable for

std::atomic<bool> interrupted{false};
void on_interrupt(int) {
  interrupted.store(true);
}

struct Options {
  CollectiveRequest request{.kernel = "", .grid = {512, 1}, .length = 256};
  bool reference = false;
  bool json = false;
  bool quiet = false;
  std::uint32_t threads = 1;
  std::string trace;  // file, or empty
  Rectangle trace_area{.width = 8, .height = 1};
};

[[noreturn]] void refuse(const std::string& key, const std::string& message) {
  throw InputError{Problem{{}, key, message}};
}

template <class T>
T checked(const std::string& key, Parsed<T> parsed) {
  if (!parsed.value) refuse(key, parsed.problem);
  return *parsed.value;
}

std::uint32_t small_count(const std::string& key, const std::string& text) {
  const std::uint64_t value = checked(key, parse_count(text));
  if (value == 0 || value > 1'000'000'000) refuse(key, "expected a number from 1 to 1e9, got '" + text + "'");
  return static_cast<std::uint32_t>(value);
}

void apply_setting(Options& options, const std::string& setting) {
  const auto equals = setting.find('=');
  const std::string key = setting.substr(0, equals);
  if (equals == std::string::npos) refuse("--set", "expected KEY=VALUE, got '" + setting + "'");
  if (key != "kernel.group") refuse("--set", "unknown key '" + key + "' (known: kernel.group)");
  options.request.group = small_count(key, setting.substr(equals + 1));
}

// WxH, or WxH+X+Y for a rectangle that begins at column X and row Y.
Rectangle parse_area(const std::string& text) {
  const auto plus = text.find('+');
  const GridSize size = checked("--trace-area", parse_grid(text.substr(0, plus)));
  Rectangle area{.width = static_cast<std::uint32_t>(size.columns),
                 .height = static_cast<std::uint32_t>(size.rows)};
  if (plus == std::string::npos) return area;
  const auto second = text.find('+', plus + 1);
  if (second == std::string::npos) refuse("--trace-area", "expected WxH+X+Y, got '" + text + "'");
  const auto coordinate = [](const std::string& part) {
    return static_cast<std::uint32_t>(checked("--trace-area", parse_count(part)));
  };
  area.x = coordinate(text.substr(plus + 1, second - plus - 1));
  area.y = coordinate(text.substr(second + 1));
  return area;
}

void apply_option(Options& options, const std::string& name, const std::string& value) {
  if (name == "--grid") {
    options.request.grid = checked(name, parse_grid(value));
  } else if (name == "--size") {
    options.request.length = small_count(name, value);
  } else if (name == "--set") {
    apply_setting(options, value);
  } else if (name == "--threads") {
    options.threads = small_count(name, value);
  } else if (name == "--engine") {
    if (value != "fast" && value != "systemc") refuse(name, "expected fast or systemc, got '" + value + "'");
    options.reference = value == "systemc";
  } else if (name == "--trace") {
    options.trace = value.ends_with(".vcd") ? value.substr(0, value.size() - 4) : value;
    options.reference = true;
  } else if (name == "--trace-area") {
    options.trace_area = parse_area(value);
  } else if (name == "--format") {
    if (value != "text" && value != "json") refuse(name, "expected text or json, got '" + value + "'");
    options.json = value == "json";
  } else {
    refuse(name, "unknown option");
  }
}

Options parse(std::span<const std::string> args) {
  Options options;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == "--quiet") {
      options.quiet = true;
    } else if (arg == "--check-values") {
      continue;  // values are always checked
    } else if (arg.starts_with("--")) {
      if (i + 1 == args.size()) refuse(arg, "a value is missing");
      apply_option(options, arg, args[++i]);
    } else if (options.request.kernel.empty()) {
      options.request.kernel = arg;
    } else {
      refuse(arg, "unexpected argument");
    }
  }
  if (options.request.kernel.empty()) refuse("kernel", "a name is missing; --list shows all");
  return options;
}

constexpr const char* kHelp = R"(usage: wafersim kernel NAME [options]

  --list               all kernels
  --grid WxH           columns x rows of PEs (default 512x1)
  --size B             FP32 elements a PE (default 256)
  --set kernel.group=S PEs a group of two_phase
  --engine fast|systemc
  --trace FILE         writes links, queues and tasks as VCD (with the systemc engine)
  --trace-area WxH+X+Y of these PEs (default 8x1+0+0)
  --threads N          host threads of the fast engine (default 1)
  --format text|json
  --check-values       accepted; values are always compared with the plain computation
  --quiet              no progress
)";

std::uint64_t pes_of(const Options& options) {
  return options.request.grid.columns * options.request.grid.rows;
}
double bytes_of(const Options& options) {
  return static_cast<double>(pes_of(options)) * (kStateBytesPerPe + 4.0 * options.request.length + 64);
}
double in_gib(double bytes) {
  return bytes / static_cast<double>(1ULL << 30U);
}

// Refuses what this machine cannot hold, before anything is built.
void check_room(const Options& options) {
  struct sysinfo machine {};
  sysinfo(&machine);
  const double available = static_cast<double>(machine.totalram) * machine.mem_unit;
  if (bytes_of(options) > available) {
    throw DoesNotFit{fmt::format("{} PEs with {} elements need {:.1f} GiB, this machine has {:.1f} GiB",
                                 pes_of(options), options.request.length, in_gib(bytes_of(options)),
                                 in_gib(available))};
  }
  if (options.reference && pes_of(options) > kReferenceLimit) {
    throw DoesNotFit{
        fmt::format("--engine systemc takes up to {} PEs, got {}", kReferenceLimit, pes_of(options))};
  }
}

// Says what a long run will take.
void announce(const Options& options, const Collective& collective) {
  constexpr double kPeCyclesPerSecond = 150e6;
  const double seconds =
      static_cast<double>(pes_of(options)) * static_cast<double>(collective.closed_form) / kPeCyclesPerSecond;
  if (seconds < 2 || options.quiet) return;
  std::cerr << fmt::format("{} PEs for about {} cycles: about {:.0f} s and {:.1f} GiB\n", pes_of(options),
                           collective.closed_form, seconds, in_gib(bytes_of(options)));
}

// Progress on the terminal, at most five times a second.
class Progress {
 public:
  Progress(const Options& options, std::uint64_t expected)
      : on_{!options.quiet && isatty(STDERR_FILENO) != 0}, expected_{static_cast<double>(expected)} {}
  ~Progress() {
    if (shown_) std::cerr << "\r\x1b[K";
  }
  // The time left is reckoned from here on.
  void start() { start_ = last_ = std::chrono::steady_clock::now(); }
  void show(double cycles) {
    const auto now = std::chrono::steady_clock::now();
    if (!on_ || now - last_ < std::chrono::milliseconds{200}) return;
    last_ = now;
    shown_ = true;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double left = cycles > 0 ? seconds * std::max(0.0, expected_ - cycles) / cycles : 0;
    std::cerr << fmt::format("\r{:5.1f} %  cycle {:.0f} of about {:.0f}  {:.0f} s left\x1b[K",
                             100 * std::min(1.0, cycles / expected_), cycles, expected_, left)
              << std::flush;
  }

 private:
  bool on_;
  double expected_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_ = start_;
};

void print_json(const Options& options, const Collective& collective, const CollectiveResult& result,
                double seconds) {
  const std::uint64_t pes = options.request.grid.columns * options.request.grid.rows;
  nlohmann::ordered_json json;
  json["schema"] = "wafersim.kernel/1";
  json["kernel"] = options.request.kernel;
  json["grid"] = spell(options.request.grid);
  json["size"] = options.request.length;
  json["fidelity"] = "wavelet";
  json["cycles"] = result.cycles;
  json["closed_form_cycles"] = collective.closed_form;
  json["pe_cost_cycles"] = collective.pe_costs;
  json["body_cycles"] = result.cycles - collective.pe_costs;
  if (collective.published) json["published_model_cycles"] = *collective.published;
  if (collective.shares) {
    json["closed_form_shares"] = {{"link", collective.shares->link},
                                  {"ramp", collective.shares->ramp},
                                  {"datapath", collective.shares->datapath},
                                  {"tasks", collective.shares->tasks}};
  }
  json["values_match"] = result.values_match;
  json["counts"] = {{"link_hops", result.counts.link_hops},
                    {"ramp_injections", result.counts.ramp_injections},
                    {"landings", result.counts.landings()},
                    {"instructions", result.counts.instructions},
                    {"flops", result.counts.flops}};
  json["engine"] = {{"name", options.reference ? "systemc" : "fast"},
                    {"pe_cycles", result.outcome.cycles.count() * pes},
                    {"host_seconds", seconds}};
  std::cout << json.dump(2) << '\n';
}

double percent(std::uint64_t found, double expected) {
  return 100 * (static_cast<double>(found) / expected - 1);
}

void print_text(const Options& options, const Collective& collective, const CollectiveResult& result,
                double seconds) {
  const std::uint64_t pes = options.request.grid.columns * options.request.grid.rows;
  const std::uint64_t body = result.cycles - collective.pe_costs;
  std::cout << fmt::format("{} on {}, {} FP32 elements a PE\n\n", options.request.kernel,
                           spell(options.request.grid), options.request.length);
  std::cout << fmt::format("cycles            {:>12}\n", result.cycles);
  std::cout << fmt::format("closed form       {:>12}   {:+.2f} %\n", collective.closed_form,
                           percent(result.cycles, static_cast<double>(collective.closed_form)));
  std::cout << fmt::format(
      "PE costs          {:>12}   scalar code, dispatch, start-up on the way that decides the end\n"
      "body              {:>12}\n",
      collective.pe_costs, body);
  if (collective.published) {
    std::cout << fmt::format("published model   {:>12.0f}   {:+.2f} % (of the body)\n", *collective.published,
                             percent(body, *collective.published));
  }
  std::cout << fmt::format("values            {:>12}\n\n", result.values_match ? "right" : "WRONG");
  const PeActivity& root = result.root;
  const std::uint64_t busy = std::uint64_t{root.dispatch} + root.scalar + root.startup + root.datapath;
  std::cout << "cycles of the PE that ends last\n";
  std::cout << fmt::format("  dispatch {}, scalar {}, start-up {}, datapath {}, waiting {}\n", root.dispatch,
                           root.scalar, root.startup, root.datapath, result.cycles - root.first_start - busy);
  if (collective.shares) {
    std::cout << fmt::format(
        "the closed form, along the way that decides the end\n  link {}, ramp {}, datapath {}, tasks {}\n",
        collective.shares->link, collective.shares->ramp, collective.shares->datapath,
        collective.shares->tasks);
  }
  std::cout << '\n';
  std::cout << fmt::format("link hops {}, ramp injections {}, landings {}\ninstructions {}, flops {}\n\n",
                           result.counts.link_hops, result.counts.ramp_injections, result.counts.landings(),
                           result.counts.instructions, result.counts.flops);
  const double pe_cycles = static_cast<double>(result.outcome.cycles.count() * pes);
  std::cout << fmt::format("{} engine: {:.3f} CPU-seconds, {:.1f} million PE-cycles per CPU-second\n",
                           options.reference ? "systemc" : "fast", seconds, pe_cycles / seconds / 1e6);
}

int run(const Options& options) {
  check_room(options);
  const Collective collective = make_collective(options.request);
  announce(options, collective);
  Progress progress{options, collective.closed_form};
  std::unique_ptr<MeshEngine> engine;
  if (options.reference) {
    engine = make_reference_engine(collective.plan,
                                   options.trace.empty()
                                       ? std::nullopt
                                       : std::optional{TraceRequest{options.trace, options.trace_area}});
  } else {
    engine = make_fast_engine(collective.plan, {.threads = options.threads,
                                                .stop = &interrupted,
                                                .progress = [&](double cycles) { progress.show(cycles); }});
  }
  load_initial_values(collective, *engine);
  progress.start();
  const std::clock_t start = std::clock();
  const MeshOutcome outcome = engine->run();
  const double seconds = std::max(1e-9, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  if (outcome.status == MeshStatus::interrupted) {
    std::cerr << "\ninterrupted: no result\n";
    return kInterrupted;
  }
  const CollectiveResult result = run_collective(collective, *engine);
  if (options.json) {
    print_json(options, collective, result, seconds);
  } else {
    print_text(options, collective, result, seconds);
  }
  if (outcome.status == MeshStatus::deadlock) {
    std::cerr << fmt::format("deadlock at cycle {}\n{}", outcome.cycles.count(),
                             to_string(explain_deadlock(*engine)));
    return 4;
  }
  return result.values_match ? 0 : 1;
}

}  // namespace

int run_kernel_command(std::span<const std::string> args) {
  for (const std::string& arg : args) {
    if (arg == "--help") {
      std::cout << kHelp;
      return 0;
    }
    if (arg == "--list") {
      for (const std::string& name : collective_names()) std::cout << name << '\n';
      return 0;
    }
  }
  const Options options = parse(args);
  const auto before = std::signal(SIGINT, on_interrupt);
  const int code = run(options);
  std::signal(SIGINT, before);
  return code;
}

}  // namespace wafersim
