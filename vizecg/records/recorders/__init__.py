"""What recorders make of an ECG before it is printed or stored: filters, gains, noise, electrodes out of place."""
