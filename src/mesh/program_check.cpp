// Rejects programs that a PE could not run: too much memory, too many queues, queues with two readers.
#include "program_check.hpp"

#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "wafersim/mesh/timing.hpp"

namespace wafersim {
namespace {

class Checker {
 public:
  Checker(const Program& program, const MeshParameters& parameters)
      : program_{program}, parameters_{parameters} {}

  std::vector<std::string> run() {
    check_program();
    for (std::size_t task = 0; task < program_.tasks.size(); ++task) check_task(task);
    check_data_tasks();
    check_descriptors();
    check_sharing(readers_, "read");
    check_sharing(writers_, "written");
    for (const FifoId id : appended_) {
      if (in_slots_.contains(id))
        fault("FIFO {} has a tail and slots that tasks commit", static_cast<int>(id));
    }
    return std::move(faults_);
  }

 private:
  struct User {
    std::size_t task{};
    std::optional<Microthread> thread;
  };
  using Users = std::map<Color, std::vector<User>>;

  template <class... Args>
  void fault(fmt::format_string<Args...> text, Args&&... args) {
    faults_.push_back(fmt::format("program '{}': ", program_.name) +
                      fmt::format(text, std::forward<Args>(args)...));
  }

  void check_program() {
    const std::uint32_t room = parameters_.memory_bytes - parameters_.code_reserve_bytes;
    if (program_.memory_bytes > room && !program_.stands_in) {
      fault("needs {} bytes of memory, but a PE has {} less {} for code: {} at most", program_.memory_bytes,
            parameters_.memory_bytes, parameters_.code_reserve_bytes, room);
    }
    if (program_.memory_bytes % 4 != 0)
      fault("memory must be whole 32-bit words, got {} bytes", program_.memory_bytes);
    if (program_.tasks.size() > kTasksPerProgram) {
      fault("has {} tasks, at most {} are possible", program_.tasks.size(), kTasksPerProgram);
    }
    for (const Fifo& fifo : program_.fifos) check_fifo(fifo);
    if (program_.entry) check_task_id(*program_.entry, "the entry");
    const ProgramColors colors = colors_of(program_);
    if (colors.read.size() > parameters_.input_queues) {
      fault("reads {} colors, but a PE has {} input queues", colors.read.size(), parameters_.input_queues);
    }
    if (colors.written.size() > parameters_.output_queues) {
      fault("writes {} colors, but a PE has {} output queues", colors.written.size(),
            parameters_.output_queues);
    }
  }

  void check_fifo(const Fifo& fifo) {
    if (fifo.slots < 2 || fifo.slot_elements == 0 || (fifo.element_bytes != 2 && fifo.element_bytes != 4)) {
      fault("a FIFO needs two slots or more of at least one element of 2 or 4 bytes");
    } else if (fifo.address % fifo.element_bytes != 0) {
      fault("a FIFO at address {} is not aligned to {}", fifo.address, fifo.element_bytes);
    } else if (std::uint64_t{fifo.address} + std::uint64_t{fifo.slots} * fifo.slot_step() >
               program_.memory_bytes) {
      fault("a FIFO of {} slots with {} elements exceeds the {} bytes declared", fifo.slots,
            fifo.slot_elements, program_.memory_bytes);
    }
  }

  // The FIFO behind a number, if the instruction may use it with elements of so many bytes.
  void check_fifo_use(const std::string& task, FifoId id, std::uint32_t bytes) {
    const auto number = static_cast<std::size_t>(id);
    if (number >= program_.fifos.size()) {
      fault("task '{}': FIFO {} of {}", task, number, program_.fifos.size());
    } else if (bytes != 0 && program_.fifos[number].element_bytes != bytes) {
      fault("task '{}': elements of {} bytes in a FIFO of {}", task, bytes,
            program_.fifos[number].element_bytes);
    }
  }

  void check_displacement(const std::string& task, const VectorInstruction& vector) {
    const Displacement& it = *vector.displaced;
    const auto* memory = std::get_if<MemoryVector>(&vector.a);
    if (memory == nullptr) {
      fault("task '{}': only a vector in memory can be displaced", task);
      return;
    }
    if (it.index >= kRegisters) fault("task '{}': register {} of {}", task, it.index, kRegisters);
    if (it.ring == 0) {
      fault("task '{}': a displacement needs a ring", task);
      return;
    }
    // The farthest that any value of the register can reach.
    MemoryVector far = *memory;
    const std::uint32_t bytes = source_bytes(vector.precision);
    far.address += (it.ring - 1) / bytes * bytes;
    check_memory(task, far, vector.length, bytes);
  }

  void check_task_id(TaskId task, std::string_view who) {
    if (static_cast<std::size_t>(task) >= program_.tasks.size()) {
      fault("{} names task {}, but there are {}", who, static_cast<int>(task), program_.tasks.size());
    } else if (program_.tasks[static_cast<std::size_t>(task)].started_by && who != "a block" &&
               who != "an unblock") {
      fault("{} names task '{}', which only wavelets start", who,
            program_.tasks[static_cast<std::size_t>(task)].name);
    }
  }

  void check_task(std::size_t index) {
    for (const Instruction& instruction : program_.tasks[index].body) {
      if (const auto* vector = std::get_if<VectorInstruction>(&instruction)) {
        check_vector(index, *vector);
      } else if (const auto* scalar = std::get_if<ScalarInstructions>(&instruction)) {
        if (scalar->count == 0) fault("task '{}': zero scalar instructions", program_.tasks[index].name);
      } else if (const auto* activate = std::get_if<Activate>(&instruction)) {
        check_task_id(activate->task, "an activation");
      } else if (const auto* block = std::get_if<Block>(&instruction)) {
        check_task_id(block->task, "a block");
      } else if (const auto* commit = std::get_if<Commit>(&instruction)) {
        check_fifo_use(program_.tasks[index].name, commit->fifo, 0);
        in_slots_.insert(commit->fifo);
      } else if (const auto* unblock = std::get_if<Unblock>(&instruction)) {
        check_task_id(unblock->task, "an unblock");
      }
    }
  }

  void check_vector(std::size_t task, const VectorInstruction& vector) {
    const std::string& name = program_.tasks[task].name;
    if (vector.length == 0) fault("task '{}': a vector instruction of length 0", name);
    if (vector.thread && static_cast<std::uint32_t>(*vector.thread) >= parameters_.microthreads) {
      fault("task '{}': microthread {} of {}", name, static_cast<int>(*vector.thread),
            parameters_.microthreads);
    }
    if (vector.when_done) {
      check_task_id(*vector.when_done, "the end of an instruction");
      if (!vector.thread) fault("task '{}': only a microthread activates a task at its end", name);
    }
    check_operands(name, vector);
    if (vector.row != 0 && (vector.length % vector.row != 0 || uses_fabric(vector))) {
      fault("task '{}': {} elements in rows of {}: rows are whole, and all in memory", name, vector.length,
            vector.row);
    }
    if (const auto color = written_color(vector)) writers_[*color].push_back({task, vector.thread});
    for (const Source* source : {&vector.a, &vector.b}) {
      if (const auto color = color_of(*source)) readers_[*color].push_back({task, vector.thread});
    }
  }

  void check_operands(const std::string& name, const VectorInstruction& vector) {
    const bool to_fabric = std::holds_alternative<FabricOutput>(vector.to);
    if (to_fabric && vector.operation == Operation::accumulate)
      fault("task '{}': accumulates into the fabric", name);
    if (to_fabric && vector.precision == Precision::mixed) {
      fault("task '{}': mixed precision cannot write to the fabric", name);
    }
    if (to_fabric && std::get<FabricOutput>(vector.to).skips_zeros &&
        (vector.operation != Operation::move || vector.precision != Precision::f32)) {
      fault("task '{}': only moves of f32 elements filter zeros", name);
    }
    if (vector.copy_to && !to_fabric) fault("task '{}': a copy needs a fabric output", name);
    if (std::holds_alternative<Register>(vector.to) && vector.operation != Operation::accumulate &&
        vector.operation != Operation::move) {
      fault("task '{}': a register can only be moved to or accumulated into", name);
    }
    const auto first = color_of(vector.a);
    if (first && first == color_of(vector.b))
      fault("task '{}': both sources are color {}", name, number_of(*first));
    const std::uint32_t source = source_bytes(vector.precision);
    const std::uint32_t result = result_bytes(vector.precision);
    if (const auto* memory = std::get_if<MemoryVector>(&vector.a))
      check_memory(name, *memory, vector.length, source);
    if (const auto* memory = std::get_if<MemoryVector>(&vector.b))
      check_memory(name, *memory, vector.length, source);
    if (const auto* memory = std::get_if<MemoryVector>(&vector.to))
      check_memory(name, *memory, vector.length, result);
    if (const auto* slot = std::get_if<FifoSlot>(&vector.to)) {
      check_fifo_use(name, slot->fifo, result);
      in_slots_.insert(slot->fifo);
      const auto number = static_cast<std::size_t>(slot->fifo);
      if (number < program_.fifos.size() && vector.length > program_.fifos[number].slot_elements) {
        fault("task '{}': {} elements do not fit the slot of a FIFO", name, vector.length);
      }
    }
    if (const auto tail = appended_fifo(vector)) {
      check_fifo_use(name, *tail, result);
      appended_.insert(*tail);
      if (vector.operation == Operation::accumulate)
        fault("task '{}': accumulates at the tail of a FIFO", name);
    }
    for (const Source* it : {&vector.a, &vector.b}) {
      if (const auto* head = std::get_if<FifoHead>(it)) check_fifo_use(name, head->fifo, source);
    }
    if (std::holds_alternative<FifoHead>(vector.a) && std::holds_alternative<FifoHead>(vector.b))
      fault("task '{}': both sources are FIFOs", name);
    if (vector.displaced) check_displacement(name, vector);
    if (vector.copy_to) check_memory(name, *vector.copy_to, vector.length, result);
    for (const auto* reg : {std::get_if<Register>(&vector.a), std::get_if<Register>(&vector.b),
                            std::get_if<Register>(&vector.to)}) {
      if (reg != nullptr && reg->index >= kRegisters)
        fault("task '{}': register {} of {}", name, reg->index, kRegisters);
    }
  }

  void check_memory(const std::string& name, const MemoryVector& vector, std::uint32_t length,
                    std::uint32_t bytes) {
    if (vector.address % bytes != 0)
      fault("task '{}': address {} is not aligned to {}", name, vector.address, bytes);
    if (length == 0) return;
    if (vector.hold == 0) fault("task '{}': every element must be held once at least", name);
    const std::uint32_t turn = vector.period == 0 ? length : std::min(length, vector.period);
    const std::int64_t last = (turn - 1) / std::max(vector.hold, 1U);
    const std::int64_t far = static_cast<std::int64_t>(vector.address) + last * vector.stride * bytes;
    const std::int64_t low = std::min<std::int64_t>(vector.address, far);
    const std::int64_t high = std::max<std::int64_t>(vector.address, far) + bytes;
    if (low < 0 || high > program_.memory_bytes) {
      fault("task '{}': touches bytes {} to {}, but declares {}", name, low, high - 1, program_.memory_bytes);
    }
  }

  void check_data_tasks() {
    std::map<std::pair<Color, bool>, std::size_t> started;
    for (std::size_t task = 0; task < program_.tasks.size(); ++task) {
      const auto& color = program_.tasks[task].started_by;
      if (!color) {
        if (program_.tasks[task].on_control)
          fault("task '{}': a control task needs a color", program_.tasks[task].name);
        continue;
      }
      const auto [entry, fresh] = started.emplace(std::pair{*color, program_.tasks[task].on_control}, task);
      if (!fresh) {
        fault("the queue of color {} is read by two tasks, '{}' and '{}'", number_of(*color),
              program_.tasks[entry->second].name, program_.tasks[task].name);
      }
      for (const User& user : readers_[*color]) {
        if (user.task == task && !user.thread) continue;
        fault("the queue of color {} is read by two tasks, '{}' and '{}'", number_of(*color),
              program_.tasks[task].name, program_.tasks[user.task].name);
      }
    }
  }

  void check_descriptors() {
    std::uint32_t descriptors = 0;
    for (const Task& task : program_.tasks) {
      for (const Instruction& instruction : task.body) {
        const auto* vector = std::get_if<VectorInstruction>(&instruction);
        if (!task.stays_loaded || vector == nullptr) continue;
        for (const Source* source : {&vector->a, &vector->b}) {
          const bool scalar =
              std::holds_alternative<Register>(*source) || std::holds_alternative<Immediate>(*source);
          descriptors += scalar ? 0 : 1;
        }
        descriptors += std::holds_alternative<Register>(vector->to) ? 0 : 1;
      }
    }
    if (descriptors > parameters_.descriptor_registers) {
      fault("{} descriptors stay loaded, but a core has {} registers for them", descriptors,
            parameters_.descriptor_registers);
    }
  }

  // A microthread runs beside every task, so nobody else may use its queue.
  void check_sharing(const Users& all, std::string_view verb) {
    for (const auto& [color, users] : all) {
      for (const User& user : users) {
        if (user.thread == users.front().thread) continue;
        fault("the queue of color {} is {} by a microthread and by another thread beside it",
              number_of(color), verb);
        break;
      }
    }
  }

  const Program& program_;
  const MeshParameters& parameters_;
  std::vector<std::string> faults_;
  std::set<FifoId> appended_;  // FIFOs
  std::set<FifoId> in_slots_;
  Users readers_;
  Users writers_;
};

}  // namespace

ProgramColors colors_of(const Program& program) {
  ProgramColors colors;
  for (const Task& task : program.tasks) {
    if (task.started_by) colors.read.insert(*task.started_by);
    for (const Instruction& instruction : task.body) {
      const auto* vector = std::get_if<VectorInstruction>(&instruction);
      if (vector == nullptr) continue;
      if (const auto color = written_color(*vector)) colors.written.insert(*color);
      if (const auto color = color_of(vector->a)) colors.read.insert(*color);
      if (const auto color = color_of(vector->b)) colors.read.insert(*color);
    }
  }
  return colors;
}

std::vector<std::string> faults_of(const Program& program, const MeshParameters& parameters) {
  return Checker{program, parameters}.run();
}

}  // namespace wafersim
