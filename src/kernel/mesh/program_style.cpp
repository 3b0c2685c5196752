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
    case ProgramStyle::by_level: {
      const std::uint64_t level = kTaskScalars + kLevelScalars + startup;
      return {level, next_task + level, next_task + kTaskScalars};
    }
  }
  return {};
}

Program make_program(const std::string& name, std::uint32_t memory_bytes, ProgramStyle style,
                     const std::vector<VectorInstruction>& steps) {
  Program program{.name = name, .memory_bytes = memory_bytes, .tasks = {}, .entry = TaskId{0}};
  Task task{.name = "work"};
  if (style == ProgramStyle::timed) task.body.push_back(ScalarInstructions{kTaskScalars});
  const auto close = [&] {
    const auto next = static_cast<std::uint8_t>(program.tasks.size() + 1);
    task.body.push_back(Activate{TaskId{next}});
    program.tasks.push_back(std::move(task));
    task = Task{.name = "task " + std::to_string(next)};
  };
  for (const VectorInstruction& step : steps) {
    if (style == ProgramStyle::by_level)
      task.body.push_back(ScalarInstructions{kTaskScalars + kLevelScalars});
    task.body.push_back(step);
    if (style == ProgramStyle::by_level) close();
  }
  if (style == ProgramStyle::timed) close();
  if (style != ProgramStyle::bare) task.body.push_back(ScalarInstructions{kTaskScalars});
  program.tasks.push_back(std::move(task));
  return program;
}

}  // namespace wafersim
