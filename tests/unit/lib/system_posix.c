#define _GNU_SOURCE
#include "system.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Fuzz targets use this too: it does without cmocka. */
static void must(bool holds)
{
    if (!holds) {
        perror("the test cannot go on");
        abort();
    }
}

void folder_make_own(char *out, size_t cap)
{
    const char *parent = getenv("TMPDIR");
    int n = snprintf(out, cap, "%s/gatepost-test-XXXXXX", parent ? parent : "/tmp");
    must(n > 0 && (size_t)n < cap);
    must(mkdtemp(out) != NULL);
}

void folder_make(const char *path)
{
    must(mkdir(path, 0755) == 0);
}

bool folder_remove(const char *path)
{
    return rmdir(path) == 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

void folder_remove_all(const char *path)
{
    must(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

unsigned folder_count(const char *path, const char *prefix, char *name, size_t cap)
{
    unsigned count = 0;
    DIR *folder = opendir(path);
    must(folder != NULL);
    for (const struct dirent *e = readdir(folder); e; e = readdir(folder)) {
        if (e->d_name[0] == '.' || strncmp(e->d_name, prefix, strlen(prefix)) != 0)
            continue;
        count++;
        if (name)
            snprintf(name, cap, "%s", e->d_name);
    }
    closedir(folder);
    return count;
}

void folder_here(char *out, size_t cap)
{
    must(getcwd(out, cap) != NULL);
}

void folder_enter(const char *path)
{
    must(chdir(path) == 0);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

unsigned file_times_mapped(const char *path)
{
    char line[1024];
    unsigned n = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    must(maps != NULL);
    while (fgets(line, sizeof line, maps))
        n += strstr(line, path) != NULL;
    fclose(maps);
    return n;
}

void file_cut(const char *path, size_t size)
{
    must(truncate(path, (off_t)size) == 0);
}

int output_to(int fd, const char *path)
{
    fflush(NULL);
    int saved = dup(fd), to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    must(saved >= 0 && to >= 0);
    dup2(to, fd);
    close(to);
    return saved;
}

void output_back(int fd, int saved)
{
    fflush(NULL);
    dup2(saved, fd);
    close(saved);
}

void child_start(struct child *child, int (*run)(const void *context), const void *context, size_t n)
{
    must(n <= CHILD_CONTEXT_MAX);
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0)
        _exit(run(context));
    child->handle = pid;
}

int child_wait(struct child *child)
{
    int status = 0;
    must(waitpid((pid_t)child->handle, &status, 0) == (pid_t)child->handle);
    child->handle = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_KILLED;
}

void child_kill(const struct child *child)
{
    must(kill((pid_t)child->handle, SIGKILL) == 0);
}

void child_die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static void *begin(void *context)
{
    struct thread *thread = context;
    thread->result = thread->run(thread->context);
    return NULL;
}

void thread_start(struct thread *thread, unsigned (*run)(void *context), void *context)
{
    pthread_t id;
    thread->run = run;
    thread->context = context;
    must(pthread_create(&id, NULL, begin, thread) == 0);
    thread->handle = (uintptr_t)id;
}

unsigned thread_join(struct thread *thread)
{
    must(pthread_join((pthread_t)thread->handle, NULL) == 0);
    return thread->result;
}

void thread_yield(void)
{
    sched_yield();
}

void pause_us(unsigned microseconds)
{
    struct timespec t = {.tv_sec = (time_t)(microseconds / 1000000),
                         .tv_nsec = (long)(microseconds % 1000000) * 1000};
    while (nanosleep(&t, &t) != 0)
        continue;
}
