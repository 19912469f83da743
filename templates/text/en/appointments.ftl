# appointments
