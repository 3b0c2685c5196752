// One line of JSON per point: what was set, then the whole document of the point.
#include <nlohmann/json.hpp>

#include "wafersim/study/row_writer.hpp"

namespace wafersim {
namespace {

using Json = nlohmann::ordered_json;

std::string one_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json head_of(const std::vector<Override>& settings) {
  Json head = {{"schema", "wafersim.point/1"}, {"set", Json::object()}};
  for (const Override& setting : settings) head["set"][setting.key] = setting.value;
  return head;
}

class JsonlWriter : public RowWriter {
 public:
  explicit JsonlWriter(TextSink sink) : sink_{std::move(sink)} {}

  void add(const SweepRow& row) override {
    Json head = head_of(row.settings);
    head["key"] = row.key;
    head["exit_code"] = row.exit_code;
    std::string line = one_line(head);
    line.pop_back();
    if (row.figures) {
      line += ',' + row.document.substr(1, row.document.size() - 2);
      line += R"(,"efficiency":)" + one_line(row.efficiency ? Json(*row.efficiency) : Json(nullptr));
      line += R"(,"reason":)" + one_line(row.reason);
    } else {
      line += R"(,"error":)" + one_line(row.error);
    }
    sink_(line + "}\n");
  }

 private:
  TextSink sink_;
};

}  // namespace

std::string point_line(const Point& point) {
  return one_line(head_of(point.settings)) + '\n';
}

std::unique_ptr<RowWriter> jsonl_writer(TextSink sink) {
  return std::make_unique<JsonlWriter>(std::move(sink));
}

}  // namespace wafersim
