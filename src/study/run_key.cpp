// What is hashed is the JSON of the resolved inputs: spelling and inheritance make no difference.
#include "wafersim/study/run_key.hpp"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "wafersim/config/machine.hpp"

namespace wafersim {

std::string run_key(const MachineSpec& machine, const LoadedWorkload& workload) {
  const boost::uuids::name_generator_sha1 name{boost::uuids::ns::oid()};
  return boost::uuids::to_string(name(to_json(to_tree(machine)) + '\n' + to_json(workload.resolved) + '\n' +
                                      std::string{model_version()}));
}

}  // namespace wafersim
