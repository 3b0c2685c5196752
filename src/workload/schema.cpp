// The generated schema of the plan and of layers, and by hand the little that no record describes.
#include "wafersim/workload/schema.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "wafersim/config/record_schema.hpp"

#include "workload/hugging_face.hpp"
#include "workload/layer_record.hpp"
#include "workload/workload_file.hpp"

namespace wafersim {
namespace {

Tree json(const std::string& text) {
  return parse_tree(text, "schema");
}

Tree& at(Tree& map, std::string_view key) {
  for (Tree::Entry& entry : map.entries) {
    if (entry.key == key) return entry.value;
  }
  throw InternalFault{fmt::format("the schema has no '{}'", key)};
}

void put(Tree& map, std::string key, Tree value) {
  map.entries.push_back({.key = std::move(key), .key_at = {}, .value = std::move(value)});
}

Tree model_schema() {
  return json(fmt::format(
      R"({{"anyOf": [
            {{"type": "string"}},
            {{"type": "object", "required": ["model_type"], "properties": {{"model_type": {{"enum": ["{}"]}}}}}}
          ],
          "description": "a Hugging Face config.json: its name, relative to this file, or its keys"}})",
      fmt::join(workload_detail::known_model_types(), R"(", ")")));
}

Tree graph_schema() {
  return json(R"({"type": "array", "minItems": 1,
    "items": {"if": {"required": ["repeat"]}, "then": {"$ref": "#/definitions/repeat"},
              "else": {"$ref": "#/definitions/layer"}},
    "description": "the layers themselves, instead of a model"})");
}

Tree repeat_schema() {
  Tree schema = object_schema(repeat_fields(), Completeness::complete);
  put(at(schema, "properties"), "layers", json(R"({"type": "array", "minItems": 1,
    "items": {"$ref": "#/definitions/layer"}, "description": "the layers of one repetition"})"));
  at(schema, "required").items.push_back(json(R"("layers")"));
  return schema;
}

}  // namespace

std::vector<FieldInfo> workload_fields() {
  return describe_record<workload_detail::WorkloadRecord>();
}

std::vector<FieldInfo> layer_fields() {
  return describe_record<workload_detail::LayerRecord>();
}

std::vector<FieldInfo> repeat_fields() {
  return describe_record<workload_detail::RepeatRecord>();
}

Tree workload_schema() {
  Tree schema = file_schema("wafersim workload", workload_fields());
  Tree& definitions = at(schema, "definitions");
  for (const std::string_view form : {"inheriting", "complete"}) {
    Tree& properties = at(at(definitions, form), "properties");
    put(properties, "model", model_schema());
    put(properties, "graph", graph_schema());
  }
  put(at(definitions, "complete"), "oneOf", json(R"([{"required": ["model"]}, {"required": ["graph"]}])"));
  put(definitions, "layer", object_schema(layer_fields(), Completeness::complete));
  put(definitions, "repeat", repeat_schema());
  return schema;
}

}  // namespace wafersim
