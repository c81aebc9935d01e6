/*
 * system.h - what the tests ask of the operating system beside core/os.h: folders, processes of their own that
 * may be killed, threads, and where a command's output goes.
 *
 * system_posix.c and system_win32.c give the same, so that a test itself knows neither. What only one of the
 * two has (modes, links, mounts; drives) is tested in files whose names end in _posix.c and _win32.c. A path
 * has '/' between its names everywhere. What fails here ends the program.
 */
#ifndef GATEPOST_TEST_SYSTEM_H
#define GATEPOST_TEST_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes an empty folder that nobody else has; OUT gets its path, which has no blank in it. */
void folder_make_own(char *out, size_t cap);
/* Makes a folder, as an administrator's shell would. */
void folder_make(const char *path);
/* Removes a folder. False if there is something in it, or no such folder. */
bool folder_remove(const char *path);
/* Removes a folder and all that is in it. */
void folder_remove_all(const char *path);
/* How many things in the folder have a name that begins with PREFIX, and with no dot. The name of one of them
 * is put into NAME, which may be NULL. */
unsigned folder_count(const char *path, const char *prefix, char *name, size_t cap);

/* The working directory of this process, and another one. */
void folder_here(char *out, size_t cap);
void folder_enter(const char *path);

/* Whether there is anything at PATH. */
bool file_exists(const char *path);
/* How often the file is mapped into this process. */
unsigned file_times_mapped(const char *path);
/* Cuts the file, in place. */
void file_cut(const char *path, size_t size);

/* Lets what is written to descriptor FD (1 or 2) go to a new file at PATH, byte for byte. Returns what
 * output_back() needs to end that. */
int output_to(int fd, const char *path);
void output_back(int fd, int saved);

struct child {
    intptr_t handle;
};

enum { CHILD_KILLED = -1, CHILD_CONTEXT_MAX = 2000 };

/* Starts another process of this program. It calls RUN with a copy of the N bytes at CONTEXT and ends with what
 * RUN returns, 0 to 200. Nothing else of ours is known to it: what it needs stands in those bytes. */
void child_start(struct child *child, int (*run)(const void *context), const void *context, size_t n);
/* Waits for its end. Returns its status, or CHILD_KILLED. */
int child_wait(struct child *child);
/* Ends it at once, wherever it is, as a crash would. child_wait() comes after. */
void child_kill(const struct child *child);
/* The same to this process. */
_Noreturn void child_die(void);

struct thread {
    uintptr_t handle;
    unsigned (*run)(void *context);
    void *context;
    unsigned result;
};

/* Starts a thread that calls RUN. *THREAD stays where it is until thread_join(). */
void thread_start(struct thread *thread, unsigned (*run)(void *context), void *context);
/* Waits for its end. Returns what RUN returned. */
unsigned thread_join(struct thread *thread);
/* Lets others run. */
void thread_yield(void);

void pause_us(unsigned microseconds);

#endif
