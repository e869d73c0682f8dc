"""Where a run happens: this machine, a Jetson, an Android phone."""
