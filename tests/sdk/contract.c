/* Every type of the contract, kept in the debug information for whoever compares it (abi). */
#include <tend/plugin.h>

const struct tend_plugin *contract_plugin;
const struct tend_controller *contract_controller;
const struct tend_state *contract_state;
const struct tend_api *contract_api;
const struct tend_host *contract_host;
const struct tend_call *contract_call;
const struct tend_result *contract_result;
struct tend_str contract_str;
enum tend_controller_flag contract_controller_flag;
enum tend_state_flag contract_state_flag;
enum tend_outcome contract_outcome;
enum tend_verb contract_verb;
enum tend_tone contract_tone;
enum tend_truth contract_truth;
enum tend_level contract_level;
enum tend_type contract_type;
const struct tend_config *contract_config;
const struct tend_metric_spec *contract_metric_spec;
const struct tend_metrics *contract_metrics;
enum tend_metric_type contract_metric_type;
