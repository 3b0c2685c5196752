// The result of a kernel, for a terminal and as JSON.
#include "wafersim/report/kernel_report.hpp"

#include <fmt/format.h>

#include "report/json_text.hpp"

namespace wafersim {
namespace {

using report_detail::Json;

// How far `found` lies from `expected`.
std::string deviation(std::uint64_t found, double expected) {
  return fmt::format("{:+.2f} %", 100 * (static_cast<double>(found) / expected - 1));
}

std::string size_text(const KernelReport& report) {
  if (report.size.size() == 1)
    return fmt::format("{}{} elements a PE", report.size.front(),
                       report.dtype.empty() ? "" : " " + report.dtype);
  std::string text;
  for (const std::uint64_t part : report.size) text += fmt::format("{}{}", text.empty() ? "" : "x", part);
  return text;
}

std::string values_text(const KernelReport& report) {
  std::string text = fmt::format("values            {:>12}", !report.values_match   ? "unchecked"
                                                             : *report.values_match ? "right"
                                                                                    : "WRONG");
  if (report.fidelity == KernelFidelity::folded) {
    text += fmt::format("   of the {} of {} rows that run; the others provably take the same cycles",
                        report.rows_simulated, report.grid.rows);
  }
  return text + "\n";
}

std::string cycles_text(const KernelReport& report) {
  std::string text = fmt::format("cycles            {:>12}\n", report.cycles);
  text += fmt::format("closed form       {:>12}   {}\n", report.closed_form,
                      deviation(report.cycles, static_cast<double>(report.closed_form)));
  if (report.compute) {
    text += fmt::format(
        "compute           {:>12}   of the PE with most to do\ncommunication     {:>12}   what remains\n",
        *report.compute, report.communication());
  } else {
    text += fmt::format(
        "PE costs          {:>12}   scalar code, dispatch, start-up on the way that decides the end\n"
        "body              {:>12}\n",
        report.pe_costs, report.body());
  }
  if (report.published) {
    text += fmt::format("published model   {:>12.0f}   {} (of the body)\n", *report.published,
                        deviation(report.body(), *report.published));
  }
  if (report.fidelity != KernelFidelity::flow) text += values_text(report);
  return text;
}

std::string shares_text(const KernelReport& report) {
  const PeActivity& pe = report.last_pe;
  const std::uint64_t busy = std::uint64_t{pe.dispatch} + pe.scalar + pe.startup + pe.datapath;
  const std::uint64_t span = report.cycles > pe.first_start ? report.cycles - pe.first_start : 0;
  std::string text = fmt::format(
      "cycles of the PE that ends last\n  dispatch {}, scalar {}, start-up {}, datapath {}, waiting {}\n",
      pe.dispatch, pe.scalar, pe.startup, pe.datapath, span > busy ? span - busy : 0);
  if (report.shares) {
    text += fmt::format(
        "the closed form, along the way that decides the end\n  link {}, ramp {}, datapath {}, tasks {}\n",
        report.shares->link, report.shares->ramp, report.shares->datapath, report.shares->tasks);
  }
  return text;
}

std::string write_flow_text(const KernelReport& report) {
  std::string text = fmt::format("{} on {}, {}\n\n{}\n", report.kernel, spell(report.grid), size_text(report),
                                 cycles_text(report));
  return text + "the closed form alone: nothing was simulated\n";
}

}  // namespace

std::string write_text(const KernelReport& report) {
  if (report.fidelity == KernelFidelity::flow) return write_flow_text(report);
  const MeshCounts& counts = report.counts;
  return fmt::format("{} on {}, {}\n\n{}\n{}\n", report.kernel, spell(report.grid), size_text(report),
                     cycles_text(report), shares_text(report)) +
         fmt::format("link hops {}, ramp injections {}, landings {}\ninstructions {}, flops {}\n\n",
                     counts.link_hops, counts.ramp_injections, counts.landings(), counts.instructions,
                     counts.flops) +
         fmt::format("{} engine: {:.3f} CPU-seconds, {:.1f} million PE-cycles per CPU-second\n",
                     report.engine, report.host_seconds,
                     static_cast<double>(report.pe_cycles()) / report.host_seconds / 1e6);
}

std::string write_json(const KernelReport& report) {
  Json json;
  json["schema"] = "wafersim.kernel/1";
  json["kernel"] = report.kernel;
  json["grid"] = spell(report.grid);
  json["size"] = report.size.size() == 1 ? Json(report.size.front()) : Json(report.size);
  if (!report.dtype.empty()) json["dtype"] = report.dtype;
  json["fidelity"] = name_of(report.fidelity);
  json["cycles"] = report.cycles;
  json["closed_form_cycles"] = report.closed_form;
  if (report.compute) {
    json["compute_cycles"] = *report.compute;
    json["communication_cycles"] = report.communication();
  } else {
    json["pe_cost_cycles"] = report.pe_costs;
    json["body_cycles"] = report.body();
  }
  if (report.published) json["published_model_cycles"] = *report.published;
  if (report.shares) {
    json["closed_form_shares"] = {{"link", report.shares->link},
                                  {"ramp", report.shares->ramp},
                                  {"datapath", report.shares->datapath},
                                  {"tasks", report.shares->tasks}};
  }
  json["values_match"] = report.values_match ? Json(*report.values_match) : Json(nullptr);
  if (report.fidelity == KernelFidelity::flow) return report_detail::document(json);
  json["rows_simulated"] = report.rows_simulated;
  json["counts"] = {{"link_hops", report.counts.link_hops},
                    {"ramp_injections", report.counts.ramp_injections},
                    {"landings", report.counts.landings()},
                    {"instructions", report.counts.instructions},
                    {"flops", report.counts.flops}};
  json["engine"] = {
      {"name", report.engine}, {"pe_cycles", report.pe_cycles()}, {"host_seconds", report.host_seconds}};
  return report_detail::document(json);
}

}  // namespace wafersim
