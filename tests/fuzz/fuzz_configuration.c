/* Any bytes as the file of --config: it is read, or refused with its place; what it says is answered. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct options options = {.log_level = LOG_INFO};
    struct error err = ERROR_INIT;
    struct text text = {(const char *)data, size};
    const struct configuration *configuration = &options.configuration;
    if (configuration_parse(text, "tend.yaml", &options, &err) != TEND_OK) {
        require(strncmp(err.message, "tend.yaml:", 10) == 0, err.message);
    } else {
        for (size_t i = 0; i < configuration->pin_count; i++) {
            const char *file = configuration_pin(configuration, configuration->pins[i].kind);
            require(file == configuration->pins[i].file, "the file that is named");
            (void)configuration_settings(configuration, &options.bounds, file);
        }
    }
    options_done(&options);
    return 0;
}
