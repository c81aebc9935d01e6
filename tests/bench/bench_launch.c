/*
 * bench_launch - a new process from dlopen() of the module to the first verdict, as in Exim for every
 * connection. FIRST (first_verdict.c) runs again and again and prints how long it took. For comparison: fork
 * and exec of an empty program, and of FIRST when it only loads the module.
 */
#include "bench_rules.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIZES = 2, ROUNDS = 201 };

struct launch {
    double inside_us;  /* what the process reports; 0: it reports nothing */
    double outside_us; /* fork to wait */
};

/* Runs ARGV, which prints a number of microseconds on its standard output. */
static struct launch launch(char *const *argv)
{
    struct launch l = {0};
    int out[2], status;
    char text[64] = "";
    if (pipe(out) != 0)
        bench_fail("no pipe");
    double from = bench_now_us(CLOCK_MONOTONIC);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], 1);
        close(out[0]);
        close(out[1]);
        execv(argv[0], argv);
        _exit(127);
    }
    close(out[1]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        bench_fail("%s failed", argv[0]);
    l.outside_us = bench_now_us(CLOCK_MONOTONIC) - from;
    if (read(out[0], text, sizeof text - 1) > 0)
        l.inside_us = strtod(text, NULL);
    close(out[0]);
    return l;
}

int main(int argc, char **argv)
{
    static const unsigned size[SIZES] = {10, 10000};
    static double empty[ROUNDS], load[ROUNDS], inside[SIZES][ROUNDS], outside[SIZES][ROUNDS];
    char config[SIZES][512], state[SIZES][512], program[512];
    if (argc != 4)
        bench_fail("usage: bench_launch FOLDER BENCH-FOLDER MODULE");
    for (unsigned i = 0; i < SIZES; i++) {
        struct bench_rules made = bench_rules_make(size[i]);
        snprintf(config[i], sizeof config[i], "%s/launch%u.conf", argv[1], size[i]);
        snprintf(state[i], sizeof state[i], "%s/launch%u", argv[1], size[i]);
        bench_write(config[i], made.text, made.size);
        bench_rules_free(&made);
        mkdir(state[i], 0755);
    }
    snprintf(program, sizeof program, "%s/first_verdict", argv[2]);
    char *const nothing[] = {program, NULL};
    char *const load_only[] = {program, argv[3], NULL};
    for (unsigned i = 0; i < SIZES; i++)
        launch((char *[]){program, argv[3], config[i], state[i], NULL}); /* writes the image */
    for (unsigned r = 0; r < ROUNDS; r++) {
        empty[r] = launch(nothing).outside_us;
        load[r] = launch(load_only).inside_us;
        for (unsigned i = 0; i < SIZES; i++) {
            struct launch l = launch((char *[]){program, argv[3], config[i], state[i], NULL});
            inside[i][r] = l.inside_us;
            outside[i][r] = l.outside_us;
        }
    }
    double nothing_us = bench_median(empty, ROUNDS);
    printf(
        "A fresh process: dlopen(), rules from the image, and the verdict on a refused HELO (wall clock)\n\n");
    printf("                        | dlopen to verdict | fork to wait | to an empty program\n");
    printf("  an empty program      |                   |  %7.3f ms  |\n", nothing_us / 1e3);
    printf("  dlopen() alone        |       %7.3f ms  |              |\n", bench_median(load, ROUNDS) / 1e3);
    for (unsigned i = 0; i < SIZES; i++) {
        double in = bench_median(inside[i], ROUNDS), all = bench_median(outside[i], ROUNDS);
        printf("  %6u rules          |       %7.3f ms  |  %7.3f ms  | x%.2f of it, x%.2f in all\n", size[i],
               in / 1e3, all / 1e3, in / nothing_us, all / nothing_us);
    }
    double worst = bench_median(inside[SIZES - 1], ROUNDS);
    printf("  towards: 0.2 ms from dlopen() to the verdict (%s)\n", worst < 200 ? "reached" : "not reached");
    return 0;
}
