/* A library that lies where no loader looks by itself. */
int apart_seven(void);
int apart_seven(void)
{
    return 7;
}
