// Builders of the model types that a Hugging Face config.json names.
#pragma once

#include <string>

#include "workload/imported_model.hpp"
#include "workload/model_keys.hpp"

namespace wafersim::workload_detail {

// Decoders that are not built like GPT-2 or LLaMA.
[[nodiscard]] ImportedModel import_gpt_neo(const Tree& config, const std::string& name);
[[nodiscard]] ImportedModel import_gpt_neox(const Tree& config, const std::string& name);
[[nodiscard]] ImportedModel import_gptj(const Tree& config, const std::string& name);
[[nodiscard]] ImportedModel import_opt(const Tree& config, const std::string& name);
[[nodiscard]] ImportedModel import_bloom(const Tree& config, const std::string& name);
[[nodiscard]] ImportedModel import_falcon(const Tree& config, const std::string& name);
[[nodiscard]] ImportedModel import_phi(const Tree& config, const std::string& name);
// Encoders, and the encoder with a decoder.
[[nodiscard]] ImportedModel import_bert(const Tree& config, const std::string& name);
[[nodiscard]] ImportedModel import_roberta(const Tree& config, const std::string& name);
[[nodiscard]] ImportedModel import_vit(const Tree& config, const std::string& name);
[[nodiscard]] ImportedModel import_t5(const Tree& config, const std::string& name);

}  // namespace wafersim::workload_detail
