/* Memory and wake-ups come from /proc: what a program says of itself is not a measurement. */
#include "bench/hosted.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/figure.h"

extern char **environ;

static void wait_until_ready(struct hosted *hosted)
{
    char output[4096];
    size_t used = 0;
    while (used < sizeof output - 1) {
        ssize_t got = read(hosted->output, output + used, sizeof output - 1 - used);
        figure_must(got > 0, "tend run ended before it was ready: its log says why");
        used += (size_t)got;
        output[used] = '\0';
        if (strstr(output, "ready") != NULL) {
            return;
        }
    }
    figure_must(false, "tend run says a lot, but not that it is ready");
}

static pid_t spawn(const struct hosted *hosted, const struct hosted_options *options, int output)
{
    char program[] = "tend", run[] = "run", data[] = "--data", socket[] = "--socket",
         plugins[] = "--plugins", scripts[] = "--scripts", run_time[] = "--run-time", log[400];
    const char *folder = options->controllers;
    bool is_short = folder != NULL && options->run_time != NULL;
    char *arguments[] = {program,
                         run,
                         data,
                         strdup(options->data),
                         socket,
                         strdup(hosted->socket),
                         folder == NULL ? NULL : plugins,
                         folder == NULL ? NULL : strdup(folder),
                         scripts,
                         folder == NULL ? NULL : strdup(folder),
                         is_short ? run_time : NULL,
                         is_short ? strdup(options->run_time) : NULL,
                         NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    snprintf(log, sizeof log, "%s.log", options->data);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    figure_must(posix_spawn(&pid, options->program, &actions, NULL, arguments, environ) == 0,
                options->program);
    posix_spawn_file_actions_destroy(&actions);
    free(arguments[3]);
    free(arguments[5]);
    free(arguments[7]);
    free(arguments[9]);
    free(arguments[11]);
    return pid;
}

void hosted_start(struct hosted *hosted, const struct hosted_options *options)
{
    int ends[2];
    memset(hosted, 0, sizeof *hosted);
    snprintf(hosted->socket, sizeof hosted->socket, "%s.sock", options->data);
    figure_must(pipe2(ends, O_CLOEXEC) == 0, "pipe");
    double start = figure_clock_ms();
    hosted->pid = spawn(hosted, options, ends[1]);
    close(ends[1]);
    hosted->output = ends[0];
    wait_until_ready(hosted);
    hosted->ready_ms = figure_clock_ms() - start;
}

void hosted_stop(struct hosted *hosted)
{
    int status = 0;
    kill(hosted->pid, SIGTERM);
    figure_must(waitpid(hosted->pid, &status, 0) == hosted->pid && WIFEXITED(status) &&
                    WEXITSTATUS(status) == 0,
                "tend run did not end cleanly: its log says why");
    close(hosted->output);
}

/* --- /proc ------------------------------------------------------------------------------------- */

pid_t hosted_runner(const struct hosted *hosted)
{
    char path[64], children[64] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)hosted->pid, (int)hosted->pid);
    FILE *file = fopen(path, "re");
    figure_must(file != NULL && fgets(children, sizeof children, file) != NULL, path);
    fclose(file);
    return (pid_t)strtol(children, NULL, 10);
}

/* The number after `field` in a file of /proc with one field a line. */
static double field_of(const char *path, const char *field)
{
    char line[256];
    double value = 0;
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0) {
            value = strtod(line + strlen(field), NULL);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return value;
}

struct process_memory process_memory(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    return (struct process_memory){
        .rss_mib = field_of(path, "Rss:") / 1024,
        .pss_mib = field_of(path, "Pss:") / 1024,
        .private_mib =
            (field_of(path, "Private_Clean:") + field_of(path, "Private_Dirty:")) / 1024};
}

double process_cpu_ms(pid_t pid)
{
    char path[64], line[1024] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    figure_must(file != NULL && fgets(line, sizeof line, file) != NULL, path);
    fclose(file);
    char *at = strrchr(line, ')'); /* the name before it may hold anything */
    for (int field = 2; at != NULL && field < 14; field++) {
        at = strchr(at + 1, ' ');
    }
    figure_must(at != NULL, path);
    double user = strtod(at, &at);
    return (user + strtod(at, NULL)) * 1e3 / (double)sysconf(_SC_CLK_TCK);
}

double process_wakeups(pid_t pid)
{
    char folder[64], path[400];
    double sum = 0;
    snprintf(folder, sizeof folder, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(folder);
    figure_must(tasks != NULL, folder);
    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        if (task->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s/status", folder, task->d_name);
            sum += field_of(path, "voluntary_ctxt_switches:");
        }
    }
    closedir(tasks);
    return sum;
}
