# Writes model_version.cpp from the contents of source files: cmake -DROOT=… -DOUTPUT=… -DFILES=… -P this.
# The digest depends on the files' contents and their names below ROOT alone.
list(SORT FILES)
set(all "")
foreach(file IN LISTS FILES)
  file(SHA256 ${ROOT}/${file} digest)
  string(APPEND all "${file} ${digest}\n")
endforeach()
string(SHA256 version "${all}")
string(SUBSTRING ${version} 0 16 version)
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[// Written by CMake.
#include "wafersim/study/run_key.hpp"

namespace wafersim {
std::string_view model_version() {
  return "@version@";
}
}  // namespace wafersim
]])
