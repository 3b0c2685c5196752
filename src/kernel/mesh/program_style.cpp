// Wraps instructions into tasks.
#include "program_style.hpp"

namespace wafersim {

StyleCosts costs_of(ProgramStyle style, const MeshParameters& parameters) {
  const std::uint64_t startup = parameters.instruction_startup;
  const std::uint64_t next_task = parameters.control_cycles + parameters.task_dispatch;
  switch (style) {
    case ProgramStyle::bare:
      return {startup, startup, 0};
    case ProgramStyle::timed:
      return {kTaskScalars + startup, startup, next_task + kTaskScalars};
    case ProgramStyle::counted:
    case ProgramStyle::tracks:
      return {kTaskScalars + kCountScalars + startup, kCountScalars + startup, next_task + kTaskScalars};
    case ProgramStyle::by_level: {
      const std::uint64_t level = kTaskScalars + kCountScalars + startup;
      return {level, next_task + level, next_task + kTaskScalars};
    }
  }
  return {};
}

namespace {

// A task waits for each track; each unblocks the next, and the last one closes.
std::vector<Task> tracks(const std::vector<VectorInstruction>& steps) {
  std::size_t count = 0;
  for (const VectorInstruction& step : steps) count += step.when_done ? 1 : 0;
  std::vector<Task> tasks(1 + count);
  Task& work = tasks[0];
  work.name = "work";
  for (std::size_t track = 2; track <= count; ++track)
    work.body.push_back(Block{TaskId{static_cast<std::uint8_t>(track)}});
  work.body.push_back(ScalarInstructions{kTaskScalars});
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool first = i > 0 && i < count;
    work.body.push_back(ScalarInstructions{kCountScalars + (first ? steps[0].length / 2 : 0)});
    work.body.push_back(steps[i]);
  }
  for (std::size_t track = 1; track < count; ++track) {
    tasks[track] = {.name = "join", .body = {Unblock{TaskId{static_cast<std::uint8_t>(track + 1)}}}};
  }
  tasks[count] = {.name = "close", .body = {ScalarInstructions{kTaskScalars}}};
  return tasks;
}

std::vector<Task> one_task(const std::vector<VectorInstruction>& steps, bool counted) {
  Task work{.name = "work", .body = {ScalarInstructions{kTaskScalars}}};
  for (const VectorInstruction& step : steps) {
    if (counted) work.body.push_back(ScalarInstructions{kCountScalars});
    work.body.push_back(step);
  }
  work.body.push_back(Activate{TaskId{1}});
  return {work, {.name = "close", .body = {ScalarInstructions{kTaskScalars}}}};
}

std::vector<Task> task_a_level(const std::vector<VectorInstruction>& steps) {
  std::vector<Task> tasks;
  for (const VectorInstruction& step : steps) {
    const auto next = static_cast<std::uint8_t>(tasks.size() + 1);
    tasks.push_back(
        {.name = "level " + std::to_string(tasks.size()),
         .body = {ScalarInstructions{kTaskScalars + kCountScalars}, step, Activate{TaskId{next}}}});
  }
  tasks.push_back({.name = "close", .body = {ScalarInstructions{kTaskScalars}}});
  return tasks;
}

std::vector<Task> make_tasks(ProgramStyle style, const std::vector<VectorInstruction>& steps) {
  switch (style) {
    case ProgramStyle::bare:
      return {{.name = "work", .body = {steps.begin(), steps.end()}}};
    case ProgramStyle::timed:
    case ProgramStyle::counted:
      return one_task(steps, style == ProgramStyle::counted);
    case ProgramStyle::tracks:
      return tracks(steps);
    case ProgramStyle::by_level:
      return task_a_level(steps);
  }
  return {};
}

}  // namespace

Program make_program(const std::string& name, std::uint32_t memory_bytes, ProgramStyle style,
                     const std::vector<VectorInstruction>& steps) {
  return {.name = name, .memory_bytes = memory_bytes, .tasks = make_tasks(style, steps), .entry = TaskId{0}};
}

}  // namespace wafersim
