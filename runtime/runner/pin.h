/* What a host is told about who tends a kind, as one of the files sees it. */
#ifndef RUNNER_PIN_H
#define RUNNER_PIN_H

enum pin {
    PIN_NONE,   /* nothing, or a file that is not there: who comes first */
    PIN_OURS,   /* this file: it takes the place of any other */
    PIN_OTHERS, /* another one, which is there, and serves or may come to it */
};

#endif
